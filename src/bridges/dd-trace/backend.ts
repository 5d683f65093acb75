import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExportedSpan, SpanKind } from '../../contracts/signal.ts';
import type { Annotation, RunningSpan, SpanBackend, SpanOptions } from '../../contracts/spans.ts';
import type { TagMap } from './content.ts';

/** The part of `tracer.llmobs` that the wrappers use; public API of dd-trace 6. */
export interface LlmObs {
  trace<T>(
    options: Readonly<Record<string, unknown>>,
    body: (span: object, done: (error?: unknown) => void) => T,
  ): T;
  annotate(span: object, annotation: Annotation): void;
  annotate(annotation: Annotation): void;
  exportSpan(): ExportedSpan;
}

export interface BackendOptions {
  readonly captureContent: boolean;
  /** Says what stands on a span already. Without it the wrapper's own annotation may replace the application's. */
  readonly tagMap: TagMap | undefined;
  /** Runs `fn` with nothing changed but the active span. Without it steps of iterators run in a snapshot of everything. */
  readonly activate: (<T>(span: object, fn: () => T) => T) | undefined;
  /**
   * Whether the trace of a wrapped function is kept from its start on, which its outgoing calls tell the services
   * behind them: no sampler there or in the Agent rejects a part of it.
   */
  readonly keep?: boolean | undefined;
}

/** The wrappers' tracer on stack `datadog`: dd-trace's LLM Observability SDK. */
export function createDatadogBackend(
  llmobs: LlmObs,
  { captureContent, tagMap, activate, keep = false }: BackendOptions,
): SpanBackend {
  const said = (span: object, part: 'input' | 'output') => {
    const tags = tagMap?.get(span);
    return tags !== undefined && Object.keys(tags).some((key) => key.startsWith(`_ml_obs.meta.${part}`));
  };
  return {
    captureContent,
    start<T>(kind: SpanKind, name: string, options: SpanOptions, body: (span: RunningSpan) => T): T {
      return llmobs.trace({ ...options, kind, name }, (span, done) => {
        if (keep) keepTrace(span);
        return body({
          end: done,
          annotate(annotation) {
            // As dd-trace's own wrapper: what the application said goes before what the wrapper sees.
            const { inputData, outputData, ...rest } = annotation;
            llmobs.annotate(span, {
              ...rest,
              ...(inputData === undefined || said(span, 'input') ? {} : { inputData }),
              ...(outputData === undefined || said(span, 'output') ? {} : { outputData }),
            });
          },
          run: activate === undefined ? AsyncLocalStorage.snapshot() : (fn) => activate(span, fn),
        });
      });
    },
    annotate(annotation) {
      llmobs.annotate(captureContent ? copied(annotation) : withoutContent(annotation));
    },
    exportSpan() {
      try {
        return llmobs.exportSpan();
      } catch {
        return undefined; // It throws where no span is active; a value says the same.
      }
    },
  };
}

interface KeepableSpan {
  setTag?(key: string, value: unknown): unknown;
  context?(): { readonly _sampling?: { readonly priority?: number } };
}

const USER_KEEP = 2;

/**
 * Sets priority 2 and decision maker −4 by the documented tag, once a trace. It stays on the span as the metric
 * `manual.keep`; the LLM span is untouched (test/sampling/keep.test.ts).
 */
function keepTrace(span: KeepableSpan): void {
  if (span.context?.()._sampling?.priority !== USER_KEEP) span.setTag?.('manual.keep', true);
}

/** dd-trace keeps the first metadata object it is given and assigns later ones into it: not into the caller's. */
function copied(annotation: Annotation): Annotation {
  return typeof annotation === 'object' && annotation?.metadata
    ? { ...annotation, metadata: { ...annotation.metadata } }
    : annotation;
}

/** What the tracer is not told cannot leave. Texts among the metadata go when the span finishes. */
function withoutContent(annotation: Annotation): Annotation {
  if (typeof annotation !== 'object' || annotation === null) return annotation;
  const { inputData: _input, outputData: _output, ...rest } = annotation;
  return copied(rest);
}
