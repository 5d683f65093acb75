import { EVENT_LIMIT_BYTES, type WriterSink } from '../bridges/dd-trace/writer-seams.ts';
import type { Custody } from '../contracts/custody.ts';
import { Flag } from '../journal/format.ts';
import { redactEvent, type ContentCapture } from '../redaction/llm-event.ts';
import { redactMetric } from '../redaction/metric.ts';
import type { SignalGuard } from './tag-guard.ts';

export interface SinkParts {
  readonly custody: Custody;
  readonly capture: ContentCapture;
  readonly guard: SignalGuard;
  readonly tracerVersion: string;
}

/** Where dd-trace's LLM spans and evaluations go: redacted, tags guarded, as the text that is sent, into custody. */
export function createSink({ custody, capture, guard, tracerVersion }: SinkParts): WriterSink {
  const preamble = JSON.stringify({ v: tracerVersion });
  return {
    llmSpan(event, last) {
      const text = JSON.stringify(guard.event(redactEvent(event, capture)));
      // Three bytes a UTF-16 unit at most: only what may be too large is measured.
      const oversized = text.length * 3 > EVENT_LIMIT_BYTES && Buffer.byteLength(text) > EVENT_LIMIT_BYTES;
      if (oversized && !last) return 'oversized';
      const flags = isExperiment(event) ? Flag.experiments : 0;
      return custody.take('llmSpans', text, 1, flags, preamble) ? 'kept' : 'gone';
    },
    evaluation: (metric) =>
      custody.take('evaluations', JSON.stringify(guard.metric(redactMetric(metric, capture))), 1),
    passedThrough(kind, event) {
      custody.ended(kind, 'unobserved');
      return kind === 'llmSpans' ? redactEvent(event, capture) : redactMetric(event, capture);
    },
  };
}

/** dd-trace marks such batches for its experiments product (llmobs/writers/spans.js). */
function isExperiment(event: Readonly<Record<string, unknown>>): boolean {
  const dd = event['_dd'];
  return typeof dd === 'object' && dd !== null && 'scope' in dd && dd.scope === 'experiments';
}
