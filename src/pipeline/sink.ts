import { EVENT_LIMIT_BYTES, type WriterSink } from '../bridges/dd-trace/writer-seams.ts';
import type { Custody } from '../contracts/custody.ts';
import { Flag } from '../journal/format.ts';
import type { ContentRule } from '../redaction/content.ts';
import { redactEvent } from '../redaction/llm-event.ts';
import { redactMetric } from '../redaction/metric.ts';
import type { SignalGuard } from './tag-guard.ts';

export interface SinkParts {
  readonly custody: Custody;
  readonly content: ContentRule;
  readonly guard: SignalGuard;
  readonly tracerVersion: string;
  /** What the Agent knows the container of a request by; cheap, and asked when the tracer runs. */
  readonly entity?: () => Readonly<Record<string, string>>;
  /** This span was refused: it will never arrive. */
  readonly onLost?: ((spanId: string) => void) | undefined;
}

/** Where dd-trace's LLM spans and evaluations go: redacted, tags guarded, as the text that is sent, into custody. */
export function createSink({
  custody,
  content,
  guard,
  tracerVersion,
  entity,
  onLost,
}: SinkParts): WriterSink {
  let known: string | undefined;
  const headers = (): Readonly<Record<string, string>> => entity?.() ?? {};
  const preamble = (): string => (known ??= preambleOf(tracerVersion, headers()));
  return {
    llmSpan(event, last) {
      const text = JSON.stringify(guard.event(redactEvent(event, content)));
      // Three bytes a UTF-16 unit at most: only what may be too large is measured.
      const oversized = text.length * 3 > EVENT_LIMIT_BYTES && Buffer.byteLength(text) > EVENT_LIMIT_BYTES;
      if (oversized && !last) return 'oversized';
      const flags = isExperiment(event) ? Flag.experiments : 0;
      if (custody.take('llmSpans', text, 1, flags, preamble())) return 'kept';
      onLost?.(String(event['span_id']));
      return 'gone';
    },
    evaluation(metric) {
      const text = JSON.stringify(guard.metric(redactMetric(metric, content)));
      return custody.take('evaluations', text, 1, 0, evaluationPreamble(headers()));
    },
    passedThrough(kind, event) {
      custody.ended(kind, 'unobserved');
      return kind === 'llmSpans' ? redactEvent(event, content) : redactMetric(event, content);
    },
  };
}

function preambleOf(version: string, headers: Readonly<Record<string, string>>): string {
  return JSON.stringify({ v: version, ...(Object.keys(headers).length > 0 ? { headers } : {}) });
}

/** Of our own evaluations and of dd-trace's alike: records that differ here are sent apart. */
export function evaluationPreamble(headers: Readonly<Record<string, string>>): string {
  return Object.keys(headers).length > 0 ? JSON.stringify({ headers }) : '';
}

/** dd-trace marks such batches for its experiments product (llmobs/writers/spans.js). */
function isExperiment(event: Readonly<Record<string, unknown>>): boolean {
  const dd = event['_dd'];
  return typeof dd === 'object' && dd !== null && 'scope' in dd && dd.scope === 'experiments';
}
