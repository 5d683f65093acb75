import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExportedSpan, SpanKind } from '../../contracts/signal.ts';
import type { Annotation, RunningSpan, SpanBackend, SpanOptions } from '../../contracts/spans.ts';

/** The part of `tracer.llmobs` that the wrappers use; public API of dd-trace 6. */
interface LlmObs {
  trace<T>(options: Readonly<Record<string, unknown>>, body: (span: object, done: (error?: unknown) => void) => T): T;
  annotate(span: object, annotation: Annotation): void;
  annotate(annotation: Annotation): void;
  exportSpan(): ExportedSpan;
}

/** The wrappers' tracer on stack `datadog`: dd-trace's LLM Observability SDK. */
export function createDatadogBackend(llmobs: LlmObs, captureContent: boolean): SpanBackend {
  return {
    captureContent,
    start<T>(kind: SpanKind, name: string, options: SpanOptions, body: (span: RunningSpan) => T): T {
      return llmobs.trace({ ...options, kind, name }, (span, done) => {
        const run = AsyncLocalStorage.snapshot();
        return body({
          end: done,
          annotate: (annotation) => llmobs.annotate(span, annotation),
          run,
        });
      });
    },
    annotate: (annotation) => llmobs.annotate(annotation),
    exportSpan() {
      try {
        return llmobs.exportSpan();
      } catch {
        return undefined; // It throws where no span is active; a value says the same.
      }
    },
  };
}
