import { join } from 'node:path';
import type { LocatedTracer } from './locate.ts';
import { patch } from './patch.ts';

/** Where the seams hand over. */
export interface WriterSink {
  /**
   * A finished LLM span event, before redaction. `oversized` asks for it once more without input and output;
   * with `last` there is no such second time. Throws what JSON.stringify throws.
   */
  llmSpan(event: Readonly<Record<string, unknown>>, last: boolean): 'kept' | 'gone' | 'oversized';
  /** An evaluation that the application submitted through dd-trace's own API. */
  evaluation(metric: Readonly<Record<string, unknown>>): boolean;
  /**
   * Goes to a tenant's own account with a tenant's API key, which must not enter the journal (law L13).
   *
   * @returns what may leave of it
   */
  passedThrough(
    kind: 'llmSpans' | 'evaluations',
    event: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>>;
}

interface Routing {
  readonly apiKey?: string;
}

interface SpanWriter {
  append(event: Readonly<Record<string, unknown>>, routing?: Routing, byteLength?: number): boolean;
  _truncateSpanEvent(event: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

type WriterClass = { readonly prototype: SpanWriter };

/** dd-trace replaces input and output of a larger event (llmobs/constants/writers.js, EVP_EVENT_SIZE_LIMIT). */
export const EVENT_LIMIT_BYTES = 5 * 1024 * 1024;

const MODULES = 'packages/dd-trace/src/llmobs/writers';

/**
 * The private seams: the `append` of LLM Observability's span and evaluation writers. Replacing it closes the
 * writer's limit of 1,000 events a flush, its missing retries and its flush interval at once.
 *
 * @returns uninstall, or undefined when the classes are not the ones we know: then the public-protocol seam serves
 */
export function installWriterSeams(tracer: LocatedTracer, sink: WriterSink): (() => void) | undefined {
  const spans = load(tracer, 'spans');
  const evaluations = load(tracer, 'evaluations');
  if (spans === undefined || evaluations === undefined) return undefined;
  if (!Object.hasOwn(spans.prototype, 'append') || typeof spans.prototype._truncateSpanEvent !== 'function')
    return undefined;
  if (typeof evaluations.prototype.append !== 'function') return undefined;

  const appendSpan = spans.prototype.append;
  const appendEvaluation = evaluations.prototype.append;
  const undoSpans = patch(spans.prototype, 'append', function (this: SpanWriter, event, routing, byteLength) {
    if (routing?.apiKey)
      return appendSpan.call(this, sink.passedThrough('llmSpans', event), routing, byteLength);
    const outcome = sink.llmSpan(event, false);
    if (outcome !== 'oversized') return outcome === 'kept';
    return sink.llmSpan(this._truncateSpanEvent(event), true) === 'kept';
  });
  const undoEvaluations = patch(
    evaluations.prototype,
    'append',
    function (this: SpanWriter, event, routing, byteLength) {
      if (routing?.apiKey)
        return appendEvaluation.call(this, sink.passedThrough('evaluations', event), routing, byteLength);
      return sink.evaluation(event);
    },
  );
  return () => {
    undoSpans();
    undoEvaluations();
  };
}

function load(tracer: LocatedTracer, name: string): WriterClass | undefined {
  try {
    const loaded: unknown = tracer.require(join(tracer.root, MODULES, `${name}.js`));
    return typeof loaded === 'function' && typeof loaded.prototype?.append === 'function'
      ? (loaded as unknown as WriterClass)
      : undefined;
  } catch {
    return undefined; // Moved or renamed: what the fallback is for.
  }
}
