import type { IncomingMessage } from 'node:http';
import { type Decoded, type DecodeLimits, WireLimitError } from '../../wire/datadog/decode-error.ts';
import { type ByteBudget, readBody } from '../http/body.ts';
import { HttpError } from '../http/http-error.ts';
import type { Arrival, EvaluationRow, LlmSpanRow, SpanRow, Store } from '../store/store.ts';
import type { Notes } from './notes.ts';

/** What every intake route works with. */
export interface Intake {
  readonly store: Store;
  readonly notes: Notes;
  readonly budget: ByteBudget;
  readonly limits: DecodeLimits;
  /** Of a request body, compressed and decompressed. */
  readonly maxBodyBytes: number;
}

/** How one request went. */
export interface Receipt {
  readonly accepted: number;
  readonly rejected: number;
  /** First reasons of rejection; empty for a batch that was seen before. */
  readonly reasons: readonly string[];
  /** The batch was seen before and not stored again. */
  readonly duplicate: boolean;
}

/** One kind of request: how to read it, and as what to store it. */
export type Shape =
  | {
      readonly kind: 'spans';
      readonly source: 'datadog' | 'otlp';
      decode: (body: Buffer) => Decoded<SpanRow>;
    }
  | { readonly kind: 'llmSpans'; decode: (body: Buffer) => Decoded<LlmSpanRow> }
  | { readonly kind: 'evaluations'; decode: (body: Buffer) => Decoded<EvaluationRow> };

/** Header under which a sender names a batch, so that a batch sent twice is stored once. */
const BATCH_HEADER = 'x-keepspan-batch';
/** Printable ASCII: what a header can carry without quoting. */
const BATCH_KEY = /^[\x21-\x7e]{1,256}$/;

// The sender's fault: the payload is lost to us and counted. Anything else will be sent again.
const COUNTED = new Set([400, 413, 415]);

function batchKey(request: IncomingMessage, kind: string): string | undefined {
  const value = request.headers[BATCH_HEADER];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !BATCH_KEY.test(value)) {
    throw new HttpError(400, `${BATCH_HEADER} is 1 to 128 of A-Z a-z 0-9 _ . : -`);
  }
  return `${kind}/${value}`;
}

function decode(shape: Shape, body: Buffer, key: string | undefined): Arrival & Pick<Receipt, 'reasons'> {
  const read = <Row>(decoder: (body: Buffer) => Decoded<Row>): Decoded<Row> => {
    try {
      return decoder(body);
    } catch (error) {
      if (error instanceof HttpError) throw error;
      const status = error instanceof WireLimitError ? 413 : 400;
      throw new HttpError(status, `the payload cannot be read: ${(error as Error).message}`);
    }
  };
  switch (shape.kind) {
    case 'spans':
      return { kind: shape.kind, source: shape.source, key, ...read(shape.decode) };
    case 'llmSpans':
      return { kind: shape.kind, key, ...read(shape.decode) };
    case 'evaluations':
      return { kind: shape.kind, key, ...read(shape.decode) };
  }
}

/**
 * Reads, decodes and stores one request. Everything after the body is read happens in one turn of the event
 * loop, so two requests with the same batch key cannot both be stored.
 *
 * @throws HttpError 4xx when nothing of the payload can be used; counted as one rejected item.
 */
export async function accept(intake: Intake, request: IncomingMessage, shape: Shape): Promise<Receipt> {
  const { store, notes } = intake;
  let arrival: Arrival & Pick<Receipt, 'reasons'>;
  try {
    const key = batchKey(request, shape.kind);
    const body = await readBody(request, intake.maxBodyBytes, intake.budget);
    const replay = key === undefined ? undefined : store.replay(key);
    if (replay !== undefined) return { ...replay, reasons: [], duplicate: true };
    arrival = decode(shape, body, key);
  } catch (error) {
    if (error instanceof HttpError && COUNTED.has(error.status)) {
      store.insert({ ...shape, key: undefined, items: [], rejected: 1 });
      notes.reject(shape.kind, error.message);
    }
    throw error;
  }
  store.insert(arrival);
  for (const reason of arrival.reasons) notes.reject(shape.kind, reason);
  return {
    accepted: arrival.items.length,
    rejected: arrival.rejected,
    reasons: arrival.reasons,
    duplicate: false,
  };
}
