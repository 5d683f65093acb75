import type { IncomingMessage } from 'node:http';
import { type DecodeLimits, WireLimitError } from '../../wire/datadog/decode-error.ts';
import { type ByteBudget, readBody } from '../http/body.ts';
import { HttpError } from '../http/http-error.ts';
import type { Store, StoredKind } from '../store/store.ts';
import type { Forwarder } from './forward.ts';
import type { Notes } from './notes.ts';
import type { DecodedRows } from './rows.ts';

/** What every intake route works with. */
export interface Intake {
  readonly store: Store;
  readonly notes: Notes;
  readonly budget: ByteBudget;
  readonly limits: DecodeLimits;
  /** Of a request body, compressed and decompressed. */
  readonly maxBodyBytes: number;
  /** Prompts, answers and messages are not stored. */
  readonly masked: boolean;
  readonly wallMs: () => number;
  /** Where accepted requests go as well. */
  readonly forward: Forwarder | undefined;
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

/** One kind of request: how to read it, and as what to count what is refused of it. */
export interface Shape {
  readonly kind: StoredKind;
  readonly source: 'datadog' | 'otlp';
  decode(body: Buffer): DecodedRows;
}

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
    throw new HttpError(400, `${BATCH_HEADER} is 1 to 256 printable ASCII characters without a blank`);
  }
  return `${kind}/${value}`;
}

function decode(shape: Shape, body: Buffer): DecodedRows {
  try {
    return shape.decode(body);
  } catch (error) {
    if (error instanceof HttpError) throw error;
    const status = error instanceof WireLimitError ? 413 : 400;
    throw new HttpError(status, `the payload cannot be read: ${(error as Error).message}`);
  }
}

const itemsOf = ({
  scanned,
  spans = [],
  llmSpans = [],
  evaluations = [],
  logs = [],
  stats = [],
}: DecodedRows): number =>
  (scanned?.spans ?? 0) +
  spans.length +
  logs.length +
  stats.length +
  llmSpans.filter((row) => !row.derived).length +
  evaluations.filter((row) => !row.derived).length;

/** A log request that holds evaluations alone is one of evaluations, also when it is sent again. */
const kindOf = (shape: Shape, { logs = [], evaluations = [], rejected }: DecodedRows): StoredKind =>
  shape.kind === 'logs' && logs.length === 0 && evaluations.length > 0 && rejected === 0
    ? 'evaluations'
    : shape.kind;

/**
 * Reads, decodes and stores one request. Everything after the body is read happens in one turn of the event
 * loop, so two requests with the same batch key cannot both be stored. What is stored is forwarded.
 *
 * @throws HttpError 4xx when nothing of the payload can be used; counted as one rejected item.
 */
export async function accept(intake: Intake, request: IncomingMessage, shape: Shape): Promise<Receipt> {
  const { store, notes } = intake;
  let rows: DecodedRows;
  let key: string | undefined;
  let body: Buffer;
  try {
    key = batchKey(request, shape.kind);
    body = await readBody(request, intake.maxBodyBytes, intake.budget);
    const replay = key === undefined ? undefined : store.replay(key);
    if (replay !== undefined) return { ...replay, reasons: [], duplicate: true };
    rows = decode(shape, body);
  } catch (error) {
    if (error instanceof HttpError && COUNTED.has(error.status)) {
      store.insert({ kind: shape.kind, source: shape.source, key: undefined, rejected: 1 });
      notes.reject(shape.kind, error.message);
    }
    throw error;
  }
  const { reasons, rejected } = rows;
  store.insert({ ...rows, kind: kindOf(shape, rows), source: shape.source, key });
  for (const reason of reasons) notes.reject(shape.kind, reason);
  const accepted = itemsOf(rows);
  if (accepted > 0) intake.forward?.take(request, body);
  return { accepted, rejected, reasons, duplicate: false };
}
