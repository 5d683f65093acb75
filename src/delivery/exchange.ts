import type {
  BatchEncoder,
  EncodedBatch,
  PendingRecord,
  RecordSource,
  UnencodableError,
} from '../contracts/delivery.ts';
import type { Clock } from '../kernel/clock.ts';
import { backoffMs, retryAfterMs } from './backoff.ts';
import type { Persistence } from './persistence.ts';
import type { Pacer } from './pacer.ts';
import type { Send, SendResult } from './send.ts';
import { mayHaveArrived, meaningOf } from './status.ts';
import type { Upstream } from './upstream.ts';

/** Pause between attempts while upstream holds the stream: a rotated key empties the backlog by itself. */
const HELD_RETRY_MS = 30_000;

/** Carries the batch's identity, the same on every attempt, so that receivers can drop what came twice. */
export const BATCH_HEADER = 'x-keepspan-batch';

/** What became of one attempt. */
export type Verdict =
  | { readonly kind: 'delivered'; readonly batch: EncodedBatch; readonly rejected: number }
  | { readonly kind: 'refused'; readonly records: number; readonly status: number; readonly answer: string }
  /** The first record can never be sent. */
  | { readonly kind: 'unencodable'; readonly reason: string }
  /** The pause is over: the same `records` again, when they were known. */
  | { readonly kind: 'again'; readonly records?: number }
  | { readonly kind: 'stopped'; readonly intentHolds?: boolean };

/** Parts of {@link Exchange}; all of one stream. */
export interface ExchangeParts {
  readonly source: RecordSource;
  readonly encoder: BatchEncoder;
  readonly send: Send;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pacer: Pacer;
  readonly persistence: Persistence;
  readonly upstream: Upstream;
  readonly stopped: AbortSignal;
}

/** One attempt after another: encode, remember the intent, send, read the answer, pause when it says so. */
export class Exchange {
  readonly #parts: ExchangeParts;
  #failures = 0;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /**
   * @param id identity of the group, to which the number of records taken is added
   * @param carried signals that upstream took already and would get again if the deliverer died now
   */
  async attempt(records: readonly PendingRecord[], id: string, carried: number): Promise<Verdict> {
    const { encoder, persistence, source, stopped, send } = this.#parts;
    let batch: EncodedBatch;
    try {
      batch = encoder.encode(records);
    } catch (error) {
      if (isUnencodable(error)) return { kind: 'unencodable', reason: error.message };
      return this.#retry({ error: `encoder: ${messageOf(error)}` });
    }
    const sampledOut = sumOf(batch.sampledOutPerRecord ?? []);
    if (batch.signals === 0 && sampledOut > 0) return { kind: 'delivered', batch, rejected: 0 };
    const signals = signalsIn(records, batch.records) - sampledOut;
    // Without the intent on disk a kill would hide that this went out: nothing is sent then.
    if (!(await persistence.insist(() => source.intent(carried + signals)))) return { kind: 'stopped' };
    const result = await trySend(send, withIdentity(batch, id), stopped);
    const verdict = this.#read(result, batch);
    if (verdict !== undefined) return verdict;

    if (result.kind === 'failed' ? result.sent : mayHaveArrived(result.status)) {
      // In one: between two writes a kill would hide what was carried.
      const isCounted = await persistence.insist(() => source.maybeTwice(signals, carried));
      // The intent on disk says it: nothing may be written in its place.
      if (!isCounted) return { kind: 'stopped', intentHolds: true };
    } else {
      await persistence.insist(() => source.intent(carried));
    }
    if (stopped.aborted) return { kind: 'stopped' };
    return this.#pause(result, batch.records);
  }

  /** The verdict of an answer that settles the attempt; undefined when it has to be repeated. */
  #read(result: SendResult, batch: EncodedBatch): Verdict | undefined {
    if (result.kind === 'failed') return undefined;
    const meaning = meaningOf(result.status);
    if (meaning === 'retry' || meaning === 'held') return undefined;
    this.#failures = 0;
    if (meaning === 'refused') {
      return { kind: 'refused', records: batch.records, status: result.status, answer: result.body };
    }
    const { clock, encoder, upstream } = this.#parts;
    upstream.succeeded(clock.wall());
    return {
      kind: 'delivered',
      batch,
      rejected: encoder.answered?.(result.body, result.bytes).rejected ?? 0,
    };
  }

  async #pause(result: SendResult, records: number): Promise<Verdict> {
    if (result.kind === 'failed') return this.#retry({ error: result.code }, 0, records);
    const { status } = result;
    if (meaningOf(status) === 'held') {
      const { pacer, upstream } = this.#parts;
      this.#failures = 0;
      upstream.troubled('held', { httpStatus: status });
      await pacer.wait(HELD_RETRY_MS);
      return { kind: 'again', records };
    }
    const askedMs = retryAfterMs(result.headers['retry-after'], this.#parts.clock.wall());
    return this.#retry({ httpStatus: status }, askedMs, records);
  }

  async #retry(
    cause: { readonly httpStatus?: number; readonly error?: string },
    askedMs = 0,
    records?: number,
  ): Promise<Verdict> {
    const { pacer, random, upstream } = this.#parts;
    this.#failures += 1;
    upstream.troubled('retrying', cause);
    await pacer.wait(Math.max(askedMs, backoffMs(this.#failures, random)));
    return records === undefined ? { kind: 'again' } : { kind: 'again', records };
  }
}

/** Signals of the first `taken` records, as the journal counted them. */
export function signalsIn(records: readonly PendingRecord[], taken = records.length): number {
  let signals = 0;
  for (const record of records.slice(0, taken)) signals += record.count;
  return signals;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, n) => sum + n, 0);
}

function withIdentity(batch: EncodedBatch, id: string): EncodedBatch {
  const identity = `${id}+${batch.records}`.replace(/[^\x21-\x7e]/g, '_');
  return { ...batch, headers: { ...batch.headers, [BATCH_HEADER]: identity } };
}

/** A sender that throws breaks its contract; the records still must not be taken for unsent. */
async function trySend(send: Send, request: EncodedBatch, signal: AbortSignal): Promise<SendResult> {
  try {
    return await send(request, signal);
  } catch (error) {
    return { kind: 'failed', code: `sender: ${messageOf(error)}`, sent: true };
  }
}

function isUnencodable(error: unknown): error is UnencodableError {
  return error instanceof Error && (error as Partial<UnencodableError>).unencodable === true;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
