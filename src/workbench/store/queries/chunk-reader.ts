import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Bodies } from '../bodies.ts';
import { type ChunkFormat, ID_BYTES, placeOfSpan, spansOfChunk } from '../chunks.ts';
import type { SpanRow } from '../store.ts';
import type { Row } from './json-rows.ts';

/** A span with its number, which rises with arrival. */
export interface StoredSpan extends SpanRow {
  readonly number: number;
  readonly source: 'datadog' | 'otlp';
}

/** Reads spans out of their chunks. */
export class ChunkReader {
  readonly #bodies: Bodies;
  readonly #ofTrace: StatementSync;
  readonly #idsOfTrace: StatementSync;
  readonly #chunk: StatementSync;
  readonly #at: StatementSync;
  readonly #next: StatementSync;
  readonly #nextOfTrace: StatementSync;
  readonly #arrivalOfSpan: StatementSync;

  constructor(db: DatabaseSync, bodies: Bodies) {
    this.#bodies = bodies;
    const joined = 'chunks c JOIN traces t ON t.id = c.trace';
    const columns = 'c.id, c.source, c.format, c.place, c.bytes, t.trace_id';
    const trace = 'trace_row(?1)';
    this.#ofTrace = db.prepare(
      `SELECT ${columns} FROM ${joined} WHERE c.trace = ${trace} AND c.id + c.spans > ?2 + 1 ORDER BY c.id`,
    );
    this.#idsOfTrace = db.prepare(`SELECT id, ids FROM chunks WHERE trace = ${trace} ORDER BY id`);
    this.#chunk = db.prepare(`SELECT ${columns} FROM ${joined} WHERE c.id = ?`);
    this.#at = db.prepare(
      `SELECT c.id, c.ids, t.trace_id FROM ${joined} WHERE c.id = (SELECT max(id) FROM chunks WHERE id <= ?)`,
    );
    this.#next = db.prepare(`SELECT ${columns} FROM ${joined} WHERE c.id > ? ORDER BY c.id LIMIT 1`);
    this.#nextOfTrace = db.prepare(
      `SELECT ${columns} FROM ${joined} WHERE c.trace = ${trace} AND c.id > ?2 ORDER BY c.id LIMIT 1`,
    );
    this.#arrivalOfSpan = db.prepare(
      'SELECT last_span, span_ids FROM arrivals WHERE instr(span_ids, ?) > 0 ORDER BY id DESC',
    );
  }

  /** The spans of a trace whose number is larger than `after`, in their order. */
  *ofTrace(traceId: string, after: number): Generator<StoredSpan> {
    for (const row of this.#ofTrace.iterate(traceId, after)) {
      yield* this.#spans(row, Math.max(0, after + 1 - Number(row['id'])));
    }
  }

  span(traceId: string, spanId: string): StoredSpan | undefined {
    for (const { id, ids } of this.#idsOfTrace.iterate(traceId)) {
      const place = placeOfSpan(ids as Uint8Array, spanId);
      if (place < 0) continue;
      const row = this.#chunk.get(id as number);
      return row === undefined ? undefined : this.#spans(row, place).next().value;
    }
    return undefined;
  }

  /** The trace of a span of which nothing but its id is known: every arrival's ids are read through, newest first. */
  traceOf(spanId: string): string | undefined {
    const id = Buffer.from(spanId, 'hex');
    if (id.length !== ID_BYTES) return undefined;
    for (const { last_span: last, span_ids: ids } of this.#arrivalOfSpan.iterate(id)) {
      const bytes = Buffer.from(ids as Uint8Array);
      const first = (last as number) - bytes.length / ID_BYTES + 1;
      for (let at = bytes.indexOf(id); at >= 0; at = bytes.indexOf(id, at + 1)) {
        // Bytes found across two ids are no place.
        if (at % ID_BYTES !== 0) continue;
        const chunk = this.#at.get(first + at / ID_BYTES);
        if (chunk !== undefined && placeOfSpan(chunk['ids'] as Uint8Array, spanId) >= 0)
          return chunk['trace_id'] as string;
      }
    }
    return undefined;
  }

  /** The spans of the chunk after the one with the id `after`, of all traces or of one; undefined after the last. */
  next(
    after: number,
    traceId: string | undefined,
  ): { readonly id: number; readonly spans: Iterable<StoredSpan> } | undefined {
    const row = traceId === undefined ? this.#next.get(after) : this.#nextOfTrace.get(traceId, after);
    if (row === undefined) return undefined;
    return { id: Number(row['id']), spans: this.#spans(row, 0) };
  }

  *#spans(row: Row, first: number): Generator<StoredSpan> {
    const source = row['source'] as 'datadog' | 'otlp';
    const format = row['format'] as ChunkFormat;
    const body = this.#bodies.read(Number(row['place']), Number(row['bytes']));
    let number = Number(row['id']) + first;
    for (const span of spansOfChunk({ format, body }, row['trace_id'] as string, first)) {
      yield { ...span, number, source };
      number += 1;
    }
  }
}
