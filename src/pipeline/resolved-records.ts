import type { Outcomes, PendingRecord, RecordSource } from '../contracts/delivery.ts';

/**
 * A source that tells which records were resolved, after it has written that down: each record once, whatever happens
 * to its requests.
 */
export function watchResolved(
  source: RecordSource,
  told: (records: readonly PendingRecord[], outcomes: Outcomes) => void,
): RecordSource {
  let last: readonly PendingRecord[] = [];
  return {
    kind: source.kind,
    id: source.id,
    position: () => source.position(),
    peek: (maxBytes, maxRecords) => (last = source.peek(maxBytes, maxRecords)),
    intent: (signals) => source.intent(signals),
    resolve(records, outcomes) {
      source.resolve(records, outcomes);
      const resolved = last.slice(0, records);
      last = last.slice(records);
      told(resolved, outcomes);
    },
    maybeTwice: (signals) => source.maybeTwice(signals),
    quarantine: (record, status, answer) => source.quarantine(record, status, answer),
  };
}
