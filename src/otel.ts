import { lazily } from './pipeline/init.ts';
import type * as Join from './pipeline/otlp/join.ts';
import type { ReadableSpan as OtelReadableSpan } from './wire/otlp/readable-span.ts';
import type * as Processor from './pipeline/otlp/span-processor.ts';
import type { OtlpEndpoint } from './pipeline/otlp/endpoints.ts';
import { createSampler } from './sampling/sampler.ts';
import type { RawRule } from './sampling/parse-rules.ts';
import { resolvePolicy } from './sampling/resolve-policy.ts';
import type { TailLimits } from './sampling/tail-buffer.ts';
import { type OtelSpanProcessor, TailProcessor } from './sampling/tail-sampler.ts';
import { loadSettings } from './settings/load.ts';
import { sayPolicyProblems } from './pipeline/policy.ts';

export type { ReadableSpan as OtelReadableSpan } from './wire/otlp/readable-span.ts';
export type { OtlpEndpoint } from './pipeline/otlp/endpoints.ts';
export type { TailCounts } from './sampling/tail-buffer.ts';

/** How a {@link TailSampler} decides, and how much it may hold. */
export interface TailSamplerOptions extends Partial<TailLimits> {
  /** Default: `DD_TRACE_SAMPLING_RULES`, the section `sampling` of `keepspan.config.*`, else the rules of the profile. */
  readonly rules?: readonly RawRule[] | undefined;
}

/**
 * A span processor for plain OpenTelemetry that keeps or drops whole traces, after they have ended in this process:
 * `new TailSampler(new BatchSpanProcessor(exporter))`. Traces with LLM work or an error are never dropped. A policy
 * that is not valid keeps everything, and is one line on stderr.
 */
export class TailSampler extends TailProcessor {
  constructor(next: OtelSpanProcessor, options: TailSamplerOptions = {}) {
    const { rules, ...limits } = options;
    const { settings, file } = loadSettings();
    const { policy, problems } = resolvePolicy(
      rules === undefined
        ? {
            profile: settings.profile,
            environmentRules: settings.samplingRules,
            fileSection: file.document['sampling'],
          }
        : { profile: settings.profile, fileSection: rules },
    );
    sayPolicyProblems(problems);
    super(next, createSampler({ policy }), limits);
  }
}

/** Where a {@link CustodySpanProcessor} sends. */
export interface CustodySpanProcessorOptions extends OtlpEndpoint {
  /** Several receivers, each with a journal and acknowledgements of its own; then `endpoint` and `headers` are not read. */
  readonly endpoints?: readonly OtlpEndpoint[] | undefined;
  /** How long `forceFlush` waits for delivery, in milliseconds; default 5,000. */
  readonly flushTimeoutMs?: number | undefined;
}

/**
 * A span processor in the place of OpenTelemetry's BatchSpanProcessor and its exporter: a span is in the journal on
 * disk when `end()` returns and is sent from there by a thread of its own, also after the next start of the process.
 * Works with the SDK 1.x, 2.x and 3.x; none of it is loaded. Constructing one switches Keepspan on, in stack `otlp`
 * where nothing is on; `KEEPSPAN_STACK=off` goes before it. Never throws.
 *
 * - `onEnd` takes sampled spans, as BatchSpanProcessor does; content goes by `KEEPSPAN_CAPTURE_CONTENT`.
 * - `forceFlush` resolves when receivers have acknowledged everything, or it has no point to wait longer.
 * - `shutdown` does the same and gives up at once where a receiver is down: what is left is on disk. Spans that end
 *   afterwards are still taken.
 *
 * @example
 * new NodeSDK({ spanProcessors: [new CustodySpanProcessor({ endpoint: 'http://collector:4318' })] }).start();
 */
export class CustodySpanProcessor {
  readonly #processor: Processor.CustodyProcessor | undefined;

  constructor(options: CustodySpanProcessorOptions = {}) {
    const { endpoints, flushTimeoutMs, ...only } = options ?? {};
    const custody = lazily<typeof Join>('otlp/join').joinOtlp(endpoints ?? [only]);
    if (custody === undefined) return;
    const { spanProcessorOf } = lazily<typeof Processor>('otlp/span-processor');
    this.#processor = spanProcessorOf(custody, flushTimeoutMs);
  }

  /** Notes a span of LLM work, which is taken also where nobody ends it: a stream that is left, a process that exits. */
  onStart(span: unknown, _parentContext: unknown): void {
    this.#processor?.onStart(span as OtelReadableSpan);
  }

  /** Takes a finished span into custody. */
  onEnd(span: OtelReadableSpan): void {
    this.#processor?.onEnd(span);
  }

  /** Waits for delivery. Never rejects. */
  async forceFlush(): Promise<void> {
    await this.#processor?.forceFlush();
  }

  /** Waits for receivers that answer. Never rejects. */
  async shutdown(): Promise<void> {
    await this.#processor?.shutdown();
  }
}
