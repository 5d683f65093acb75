import type { TraceFacts } from '../../contracts/sampling.ts';
import { endOf, entriesAt } from './msgpack-scan.ts';
import { walkTraces } from './msgpack-walk.ts';
import { readTraceFacts } from './trace-facts.ts';

/** One trace of a recorded payload. */
export interface RecordedTrace {
  readonly facts: TraceFacts;
  readonly spans: number;
  readonly bytes: number;
}

/**
 * The traces of a v0.4 payload, one after the other.
 *
 * @throws MsgpackWalkError when it is none
 */
export function* eachTrace(payload: Buffer): Generator<RecordedTrace> {
  const { traces, firstTrace } = walkTraces(payload);
  let next = firstTrace;
  for (let trace = 0; trace < traces; trace += 1) {
    const start = next;
    next = endOf(payload, start);
    const spans = entriesAt(payload, start);
    if (spans > 0) yield { facts: readTraceFacts(payload, start), spans, bytes: next - start };
  }
}
