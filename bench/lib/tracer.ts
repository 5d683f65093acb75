import { createRequire } from 'node:module';
import { initObservability } from 'keepspan';
import type { Side } from './observed.ts';

/** What the programs use of dd-trace, its exporter included: plain dd-trace has no public way to flush traces. */
export interface Tracer {
  init(): unknown;
  trace<T>(name: string, body: () => T): T;
  readonly llmobs: {
    trace<T>(
      options: { readonly kind: string; readonly name: string; readonly modelName?: string },
      body: (span: object) => T,
    ): T;
    annotate(span: object, annotation: Readonly<Record<string, unknown>>): void;
    submitEvaluation(
      span: { readonly traceId: string; readonly spanId: string },
      evaluation: Readonly<Record<string, unknown>>,
    ): void;
    flush(): void;
  };
  readonly _tracer: { readonly _exporter: { flush(): void } };
}

const require = createRequire(import.meta.url);

/** dd-trace, started by Keepspan or by itself. */
export function startTracer(side: Side): Tracer {
  if (side === 'keepspan') {
    if (!initObservability()) throw new Error('Keepspan did not start');
    return require('dd-trace') as Tracer;
  }
  const tracer = require('dd-trace') as Tracer;
  tracer.init();
  return tracer;
}

/** Has plain dd-trace send what it holds. */
export function flushPlain(tracer: Tracer): void {
  tracer.llmobs.flush();
  tracer._tracer._exporter.flush();
}
