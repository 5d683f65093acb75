import type { Judge, Verdict } from '../../contracts/sampling.ts';
import { endOf, entriesAt, insideOf } from './msgpack-scan.ts';
import { arrayHeader32, type TraceWalk } from './msgpack-walk.ts';
import { locateMetric, readTraceFacts } from './trace-facts.ts';

/** A v0.4 payload after the verdicts. */
export interface ThinnedPayload {
  /** The payload itself when nothing went and nothing was marked; otherwise a new one with byte-identical traces. */
  readonly payload: Buffer;
  readonly walk: TraceWalk;
  /** Spans of the traces that went. */
  readonly sampledOut: number;
}

/** What dd-trace's backend rescales counts by (dd-trace, packages/dd-trace/src/constants.js SAMPLING_RULE_DECISION). */
const RULE_RATE = '_dd.rule_psr';

/** As a msgpack string of less than 32 bytes. */
const RATE_KEY = Buffer.concat([Buffer.from([0xa0 + RULE_RATE.length]), Buffer.from(RULE_RATE, 'latin1')]);

/**
 * Cuts the traces that `judge` drops out of a v0.4 payload, and marks kept noise with its rate.
 *
 * @param walk what `walkTraces` said of `payload`
 * @param again its traces were judged before
 */
export function thinTraces(payload: Buffer, walk: TraceWalk, judge: Judge, again = false): ThinnedPayload {
  const kept: Buffer[] = [];
  let unbroken = walk.firstTrace;
  let changed = false;
  let traces = 0;
  let sampledOut = 0;
  const cut = (until: number, resume: number): void => {
    if (until > unbroken) kept.push(payload.subarray(unbroken, until));
    unbroken = resume;
    changed = true;
  };
  let next = walk.firstTrace;
  for (let trace = 0; trace < walk.traces; trace += 1) {
    const start = next;
    const spans = entriesAt(payload, start);
    next = endOf(payload, start);
    if (spans === 0) {
      traces += 1;
      continue;
    }
    const facts = readTraceFacts(payload, start);
    const verdict = judge(facts, again);
    if (!verdict.keep) {
      cut(start, next);
      sampledOut += spans;
      continue;
    }
    traces += 1;
    if (isThinned(verdict) && facts.rootAt >= 0) {
      cut(start, next);
      kept.push(...withRate(payload, start, next, facts.rootAt, verdict.rate));
    }
  }
  if (!changed) return { payload, walk, sampledOut: 0 };
  cut(next, next);
  return {
    payload: Buffer.concat([arrayHeader32(traces), ...kept]),
    walk: { traces, spans: walk.spans - sampledOut, firstTrace: 5 },
    sampledOut,
  };
}

function isThinned({ reason, rate }: Verdict): boolean {
  return reason === 'rule' && rate < 1;
}

/** The trace with the rate on its root; a root without metrics cannot carry it and stays as it is. */
function withRate(payload: Buffer, start: number, end: number, root: number, rate: number): Buffer[] {
  const { metrics, value } = locateMetric(payload, root, RULE_RATE);
  if (metrics < 0) return [payload.subarray(start, end)];
  const number = Buffer.allocUnsafe(9);
  number[0] = 0xcb;
  number.writeDoubleBE(rate, 1);
  if (value >= 0)
    return [payload.subarray(start, value), number, payload.subarray(endOf(payload, value), end)];
  const header = Buffer.allocUnsafe(5);
  header[0] = 0xdf;
  header.writeUInt32BE(entriesAt(payload, metrics) + 1, 1);
  return [
    payload.subarray(start, metrics),
    header,
    RATE_KEY,
    number,
    payload.subarray(insideOf(payload, metrics), end),
  ];
}

/** Thins the records of one delivery: each payload once, however often it is sent. */
export interface Thinner {
  thin(payload: Buffer, walk: TraceWalk): ThinnedPayload;
  /** `part` was cut out of a payload that was thinned already. */
  notePart(part: Buffer): void;
}

/**
 * A verdict counts, and a limit is used up, once for each payload: what is known of one lives as long as its bytes do.
 */
export function createThinner(judge: Judge): Thinner {
  const known = new WeakMap<Buffer, ThinnedPayload>();
  const parts = new WeakSet<Buffer>();
  return {
    thin(payload, walk) {
      let thinned = known.get(payload);
      if (thinned === undefined) {
        thinned = thinTraces(payload, walk, judge, parts.has(payload));
        known.set(payload, thinned);
      }
      return thinned;
    },
    notePart(part) {
      parts.add(part);
    },
  };
}
