import type { BatchEncoder, PendingRecord, RecordSource } from '../contracts/delivery.ts';
import { type Exchange, signalsIn } from './exchange.ts';
import { addOutcome, type DeliveryOutcomes, fitToCount } from './outcomes.ts';
import type { Persistence } from './persistence.ts';
import { HalvingPlan } from './plan.ts';

/** What of an answer is kept beside a quarantined record, in characters. */
export const MAX_ANSWER_CHARS = 2048;

/** In place of a status: the encoder could not make a request of the record. */
export const NEVER_SENT = 0;

/** What upstream said no to, and how. */
export interface Refusal {
  readonly record: PendingRecord;
  /** {@link NEVER_SENT}: no request could be made of it. */
  readonly status: number;
  readonly answer: string;
}

/** What {@link deliverRefusedRecord} works with. */
export interface RefusedParts {
  readonly source: RecordSource;
  readonly encoder: BatchEncoder;
  readonly exchange: Exchange;
  readonly persistence: Persistence;
  readonly stopped: AbortSignal;
  readonly isExpired: (record: PendingRecord) => boolean;
}

/**
 * Delivers of a record that upstream refused whole what upstream takes, part by part, halving the parts as batches
 * are halved; what is refused alone is quarantined. Nothing is resolved before the end: the record is one.
 *
 * @returns the outcomes of the whole record, or undefined when delivery was stopped before the end
 */
export async function deliverRefusedRecord(
  refusal: Refusal,
  id: string,
  { source, encoder, exchange, persistence, stopped, isExpired }: RefusedParts,
): Promise<DeliveryOutcomes | undefined> {
  const { record } = refusal;
  const parts = refusal.status === NEVER_SENT ? [record] : encoder.split(record);
  const outcomes: DeliveryOutcomes = {};
  const refused: Refusal[] = [];
  const plan = new HalvingPlan();
  plan.fix(parts.length);
  if (parts.length > 1) plan.halve();
  else refused.push(refusal);

  let carried = 0;
  let next = parts.length > 1 ? 0 : parts.length;
  while (next < parts.length) {
    if (stopped.aborted) return stop();
    if (isExpired(record)) {
      addOutcome(outcomes, 'lost.expired', signalsIn(parts.slice(next)));
      break;
    }
    const group = parts.slice(next, next + (plan.next ?? 1));
    const [first] = group;
    if (first === undefined) break;
    const verdict = await exchange.attempt(group, `${id}/${next}`, carried);
    switch (verdict.kind) {
      case 'delivered': {
        const { records } = verdict.batch;
        const sampledOut = verdict.batch.sampledOutPerRecord?.reduce((sum, n) => sum + n, 0) ?? 0;
        const signals = signalsIn(group, records) - sampledOut;
        const rejected = Math.min(verdict.rejected, signals);
        addOutcome(outcomes, 'sampledOut', sampledOut);
        addOutcome(outcomes, 'delivered', signals - rejected);
        addOutcome(outcomes, 'lost.rejected', rejected);
        carried += signals;
        done(records);
        break;
      }
      case 'refused':
        plan.fix(verdict.records);
        if (verdict.records > 1) plan.halve();
        else refuse({ record: first, status: verdict.status, answer: verdict.answer });
        break;
      case 'unencodable':
        refuse({ record: first, status: NEVER_SENT, answer: verdict.reason });
        break;
      case 'again':
        if (verdict.records !== undefined) plan.fix(verdict.records);
        break;
      case 'stopped':
        return verdict.intentHolds === true ? undefined : stop();
    }
  }

  for (const one of refused) {
    if (!(await keep(one, source, persistence))) return stop();
    addOutcome(outcomes, 'lost.quarantined', one.record.count);
  }
  return fitToCount(outcomes, record.count);

  function refuse(one: Refusal): void {
    refused.push(one);
    done(1);
  }

  function done(records: number): void {
    next += records;
    plan.settle(records);
  }

  async function stop(): Promise<undefined> {
    // The record is not resolved: the next deliverer sends it whole, these parts of it a second time.
    if (carried > 0) await persistence.insist(() => source.maybeTwice(carried));
    return undefined;
  }
}

/** Writes one refused record into quarantine. False when delivery was stopped before it could be written. */
function keep(refusal: Refusal, source: RecordSource, persistence: Persistence): Promise<boolean> {
  const { record, status, answer } = refusal;
  return persistence.insist(() => source.quarantine(record, status, answer.slice(0, MAX_ANSWER_CHARS)));
}
