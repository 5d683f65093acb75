import type { End } from './programs/life.ts';
import type { Upstream } from './upstream.ts';

/** One column of the comparison. */
export interface Scenario {
  readonly id: string;
  readonly group: 'exits' | 'faults' | 'cost';
  readonly name: string;
  readonly count: number;
  readonly end: End;
  /** As the programs take it. */
  readonly pace: string;
  /** Before the first span is made. */
  readonly before?: (upstream: Upstream) => Promise<void> | void;
  /** While the process runs, so many milliseconds after the first span. */
  readonly healsAfterMs?: number;
  /** When the process is gone. */
  readonly after?: (upstream: Upstream) => Promise<void> | void;
}

const OUTAGE_MS = 10_000;
const SPANS = 1000;

function exits(end: End, name: string): Scenario {
  return { id: end, group: 'exits', name, count: SPANS, end, pace: 'burst' };
}

function faults(one: Pick<Scenario, 'id' | 'name'> & Partial<Scenario>): Scenario {
  return { group: 'faults', count: SPANS, end: 'natural', pace: 'burst', ...one };
}

export const SCENARIOS: readonly Scenario[] = [
  exits('natural', 'ends by itself'),
  exits('exit', '`process.exit()`'),
  exits('throw', 'uncaught throw'),
  exits('sigterm', 'SIGTERM'),
  exits('sigkill', 'SIGKILL, same tick'),
  exits('sigkill60', 'SIGKILL after 60 ms'),
  faults({
    id: 'down',
    name: 'upstream down, then up',
    before: (upstream) => upstream.down(),
    after: (upstream) => upstream.up(),
  }),
  faults({
    id: 'unavailable',
    name: '503 for 10 s of a run of 13 s',
    pace: 'stay:13000',
    before: (upstream) => upstream.behave('unavailable'),
    healsAfterMs: OUTAGE_MS,
  }),
  faults({
    id: 'hang',
    name: 'upstream hangs, then well',
    before: (upstream) => upstream.behave('hang'),
    after: (upstream) => upstream.behave('ok'),
  }),
  faults({ id: 'slow', name: '500 ms a request', before: (upstream) => upstream.behave('slow') }),
  faults({ id: 'burst5', name: 'burst of 5,000', count: 5000 }),
  faults({ id: 'burst20', name: 'burst of 20,000', count: 20_000 }),
  {
    id: 'steady',
    group: 'cost',
    name: '3,000 at up to 1,000/s',
    count: 3000,
    end: 'natural',
    pace: 'steady',
  },
];
