import { isAscii } from 'node:buffer';
import type { EncodedBatch, PendingRecord } from '../../contracts/delivery.ts';
import { UnencodableRecordError } from './encode-error.ts';
import { createPreambleReader, headerKey } from './encode-preamble.ts';
import { type DatadogTarget, destinationOf } from './encode-target.ts';

/** Bounds of one request of LLM spans or evaluations. */
export interface JsonLimits {
  readonly maxEvents: number;
  /** A single event beyond it is sent alone. */
  readonly maxBytes: number;
}

/** What dd-trace 6.21 keeps to (llmobs/writers/base.js, constants/writers.js: the intake's own limit is 5.1 MB). */
export const JSON_LIMITS: JsonLimits = { maxEvents: 1000, maxBytes: 5 << 20 };

/** Flag of an LLM span that belongs to an experiment. */
const EXPERIMENTS = 1;

const NONE: ReadonlySet<string> = new Set();
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const COMMA = Buffer.from(',');
const SPANS_OPEN = Buffer.from('[');
const SPANS_CLOSE = Buffer.from(']');
const SPAN_CLOSE = Buffer.from(']}');
const EXPERIMENT_CLOSE = Buffer.from('],"_dd.scope":"experiments"}');
const METRICS_OPEN = Buffer.from('{"data":{"type":"evaluation_metric","attributes":{"metrics":[');
const METRICS_CLOSE = Buffer.from(']}}}');

/**
 * Requests of LLM spans or evaluations, byte for byte as dd-trace's writers would have built them from the same
 * events, by concatenation: the texts are never parsed.
 */
export function createJsonEncoder(
  kind: 'llmSpans' | 'evaluations',
  target: () => DatadogTarget,
  limits: JsonLimits,
): (records: readonly PendingRecord[]) => EncodedBatch {
  const preambleOf = createPreambleReader();
  const wrap = kind === 'llmSpans' ? createSpanWrapper() : undefined;
  const [head, tail] = kind === 'llmSpans' ? [SPANS_OPEN, SPANS_CLOSE] : [METRICS_OPEN, METRICS_CLOSE];

  return (records) => {
    const chunks: Buffer[] = [head];
    let size = head.length + tail.length;
    let taken = 0;
    let headers: Readonly<Record<string, string>> = {};
    let key = '';
    for (const record of records) {
      if (taken === limits.maxEvents) break;
      let event: readonly Buffer[];
      try {
        const preamble = preambleOf(record.preamble);
        const ownKey = headerKey(preamble.headers, NONE);
        if (taken === 0) {
          headers = preamble.headers;
          key = ownKey;
        } else if (ownKey !== key) break;
        const text = eventText(record.payload);
        event = wrap === undefined ? [text] : wrap(text, preamble.v ?? '', record.flags);
      } catch (error) {
        if (taken > 0) break; // It will be the first of the next request, and throw there.
        throw error;
      }
      let bytes = taken === 0 ? 0 : COMMA.length;
      for (const chunk of event) bytes += chunk.length;
      if (taken > 0 && size + bytes > limits.maxBytes) break;
      if (taken > 0) chunks.push(COMMA);
      chunks.push(...event);
      size += bytes;
      taken += 1;
    }
    chunks.push(tail);
    const destination = destinationOf(kind, target());
    return {
      method: 'POST',
      origin: destination.origin,
      path: destination.path,
      headers: { ...headers, ...destination.headers },
      body: Buffer.concat(chunks, size),
      records: taken,
      signals: taken,
      signalsPerRecord: Array.from({ length: taken }, () => 1),
    };
  };
}

/** `makePayload` of dd-trace's llmobs/writers/spans.js, the scope behind the spans as it comes there. */
function createSpanWrapper(): (text: Buffer, version: string, flags: number) => readonly Buffer[] {
  let openFor: string | undefined;
  let openText: Buffer = Buffer.alloc(0);
  return (text, version, flags) => {
    if (version !== openFor) {
      const v = JSON.stringify(version);
      openText = escaped(`{"_dd.stage":"raw","_dd.tracer_version":${v},"event_type":"span","spans":[`);
      openFor = version;
    }
    return [openText, text, (flags & EXPERIMENTS) === 0 ? SPAN_CLOSE : EXPERIMENT_CLOSE];
  };
}

function eventText(payload: Buffer): Buffer {
  // Cheap, and keeps one damaged text from spoiling the request of its neighbours.
  if (payload[0] !== BRACE_OPEN || payload[payload.length - 1] !== BRACE_CLOSE) {
    throw new UnencodableRecordError('the payload is not the text of a JSON object');
  }
  return isAscii(payload) ? payload : escaped(payload.toString('utf8'));
}

/** `encodeUnicode` of dd-trace's llmobs/util.js: everything beyond ASCII as `\uXXXX`, a UTF-16 unit each. */
function escaped(text: string): Buffer {
  const ascii = text.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(ascii, 'latin1');
}
