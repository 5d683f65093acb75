import { decodeSpanBytes } from '../../wire/datadog/decode-traces.ts';
import type { SpanRow } from './store.ts';
import { clampStart } from './trace-summary.ts';

/** How a chunk's body holds its spans: as a tracer sent them, or as JSON of what was read from another protocol. */
export type ChunkFormat = 'msgpack' | 'json';

/** What a chunk's spans are read from. */
export interface ChunkBody {
  readonly format: ChunkFormat;
  readonly body: Buffer;
}

/** Spans of one trace that came together. */
export interface Chunk extends ChunkBody {
  readonly traceId: string;
  readonly spans: number;
  /** {@link ID_BYTES} a span. */
  readonly ids: Uint8Array;
}

/** A span's id in a blob of them. */
export const ID_BYTES = 8;

// What is read to show one span stays small.
const MAX_JSON_SPANS = 256;
const MAX_JSON_CHARS = 256 * 1024;

const idsOf = (rows: readonly SpanRow[]): Buffer =>
  Buffer.from(rows.map(({ spanId }) => spanId).join(''), 'hex');

function chunkOf(rows: readonly SpanRow[], traceId: string): Chunk {
  const fields = rows.map((row) => [
    row.spanId,
    row.parentId,
    row.service,
    row.name,
    row.resource,
    row.startUs,
    row.durationNs,
    row.error,
    row.detail,
  ]);
  return {
    traceId,
    spans: rows.length,
    format: 'json',
    ids: idsOf(rows),
    body: Buffer.from(JSON.stringify(fields)),
  };
}

/** Rows as chunks, in their order: one for each run of a trace's spans. */
export function* chunksOfRows(rows: readonly SpanRow[]): Generator<Chunk> {
  let start = 0;
  let chars = 0;
  for (const [i, { traceId, detail }] of rows.entries()) {
    chars += detail.length;
    const isLast = rows[i + 1]?.traceId !== traceId;
    if (!isLast && i - start + 1 < MAX_JSON_SPANS && chars < MAX_JSON_CHARS) continue;
    yield chunkOf(rows.slice(start, i + 1), traceId);
    start = i + 1;
    chars = 0;
  }
}

type JsonSpan = readonly [string, string, string, string, string, number, number, boolean, string];

function* jsonSpans(body: Buffer, first: number): Generator<Omit<SpanRow, 'traceId'>> {
  for (const fields of (JSON.parse(body.toString()) as readonly JsonSpan[]).slice(first)) {
    const [spanId, parentId, service, name, resource, startUs, durationNs, error, detail] = fields;
    yield { spanId, parentId, service, name, resource, startUs, durationNs, error, detail };
  }
}

/** The spans of a stored chunk from the `first`-th on, read as far as somebody asks for them. */
export function* spansOfChunk({ format, body }: ChunkBody, traceId: string, first = 0): Generator<SpanRow> {
  const spans = format === 'msgpack' ? decodeSpanBytes(body, first) : jsonSpans(body, first);
  for (const span of spans) {
    yield {
      traceId,
      spanId: span.spanId,
      parentId: span.parentId,
      // Half a surrogate pair has no bytes in UTF-8, which is what answers are written in.
      service: span.service.toWellFormed(),
      name: span.name.toWellFormed(),
      resource: span.resource.toWellFormed(),
      startUs: clampStart(span.startUs),
      durationNs: span.durationNs,
      error: span.error,
      detail: span.detail.toWellFormed(),
    };
  }
}

/** The place of a span, 16 hex digits, in a blob of ids; -1 when it is not there. */
export function placeOfSpan(ids: Uint8Array, spanHex: string): number {
  if (spanHex.length !== 2 * ID_BYTES) return -1;
  const bytes = Buffer.from(ids.buffer, ids.byteOffset, ids.length);
  const id = Buffer.from(spanHex, 'hex');
  if (id.length !== ID_BYTES) return -1;
  // Bytes found across two ids are no place.
  for (let at = bytes.indexOf(id); at >= 0; at = bytes.indexOf(id, at + 1))
    if (at % ID_BYTES === 0) return at / ID_BYTES;
  return -1;
}
