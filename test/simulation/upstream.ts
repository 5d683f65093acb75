import type { BatchEncoder, EncodedBatch, PendingRecord } from '../../src/contracts/delivery.ts';
import type { Send, SendResult } from '../../src/delivery/send.ts';
import { thisThread, type Machine, type Thread } from './machine.ts';
import { Seen, type Oracle } from './oracle.ts';

export const UPSTREAM_MODES = [
  'ok',
  'down',
  'reset',
  'hang',
  'slow',
  'trouble',
  'refuse',
  'held',
  'rejects',
] as const;
/** `moody`: any of the others, anew for each request. */
export type UpstreamMode = (typeof UPSTREAM_MODES)[number] | 'moody';

const TIMEOUT_MS = 10_000;
/** Names the batch by its source; what comes out of memory says so. */
const BATCH_HEADER = 'x-keepspan-batch';
const RETRIED = [408, 425, 429, 500, 502, 503, 504, 599] as const;
const HELD = [301, 302, 401, 403, 404, 407] as const;
const REFUSED = [400, 413, 422, 451] as const;

type Fate = {
  readonly arrives: boolean;
  readonly left: boolean;
  readonly afterMs: number;
  readonly result: SendResult | undefined;
};

const failed = (code: string, sent: boolean): SendResult => ({ kind: 'failed', code, sent });
const answer = (status: number, headers: Record<string, string> = {}, body = ''): SendResult => ({
  kind: 'response',
  status,
  headers,
  body,
});

/** The receiver, and the network in front of it. */
export class Upstream {
  mode: UpstreamMode = 'ok';
  readonly #machine: Machine;
  readonly #oracle: Oracle;
  /** Requests travel whether their sender lives or not. */
  readonly #network: Thread;

  constructor(machine: Machine, oracle: Oracle) {
    this.#machine = machine;
    this.#oracle = oracle;
    this.#network = machine.spawn(machine.start(), 'observer');
  }

  readonly send: Send = ({ body, headers }, signal) => {
    const machine = this.#machine;
    const thread = thisThread();
    const fromMemory = headers[BATCH_HEADER]?.startsWith('memory-') === true ? thread : undefined;
    const signals = signalsIn(body.toString('latin1'));
    return new Promise<SendResult>((resolve) => {
      let sent = false;
      let over = false;
      const settle = (result: SendResult): void => {
        if (over) return;
        over = true;
        if (result.kind === 'failed' && result.sent) this.#oracle.uncertain = true;
        signal.removeEventListener('abort', abort);
        machine.soon(thread, () => resolve(result));
      };
      const abort = (): void => settle(failed('ABORT_ERR', sent));
      if (signal.aborted) return settle(failed('ABORT_ERR', false));
      signal.addEventListener('abort', abort);
      machine.soon(thread, () => {
        if (over) return;
        const fate = this.#fate(signals);
        sent = fate.left;
        const land = (): void => {
          const result = fate.arrives ? this.#arrive(signals, fate.result, fromMemory) : fate.result;
          if (result !== undefined) machine.soon(thread, () => settle(result));
        };
        machine.after(this.#network, fate.afterMs, land);
        machine.after(thread, TIMEOUT_MS, () => settle(failed('ETIMEDOUT', sent)));
      });
    });
  };

  #fate(signals: readonly number[]): Fate {
    const { random, below } = { random: this.#machine.random, below: (n: number) => this.#machine.below(n) };
    const pick = (list: readonly number[]): number => list[below(list.length)]!;
    const passes: Fate = {
      arrives: true,
      left: true,
      afterMs: 0,
      result: answer(below(2) === 0 ? 200 : 202),
    };
    const says = (result: SendResult, arrives = false): Fate => ({ ...passes, arrives, result });
    const mode = this.mode === 'moody' ? UPSTREAM_MODES[below(UPSTREAM_MODES.length)]! : this.mode;
    switch (mode) {
      case 'ok':
        return passes;
      case 'down':
        return { ...says(failed('ECONNREFUSED', false)), left: false };
      case 'reset':
        if (random() < 0.3) return { ...says(failed('ECONNRESET', false)), left: false };
        return says(failed('ECONNRESET', true), random() < 0.6);
      case 'hang':
        return { ...passes, arrives: random() < 0.5, result: undefined };
      case 'slow':
        return { ...passes, afterMs: below(2 * TIMEOUT_MS) };
      case 'trouble': {
        const status = pick(RETRIED);
        const headers = random() < 0.3 ? { 'retry-after': String(below(400)) } : {};
        return says(answer(status, headers), (status === 502 || status === 504) && random() < 0.5);
      }
      case 'refuse':
        return random() < 0.3 || signals.some((signal) => signal % 7 === 0)
          ? says(answer(pick(REFUSED)), true)
          : passes;
      case 'held':
        return says(answer(pick(HELD)));
      case 'rejects':
        return says(answer(200, {}, `rejected ${below(signals.length + 1)}`), true);
    }
  }

  /** @returns the answer; undefined when the connection stays silent */
  #arrive(
    signals: readonly number[],
    result: SendResult | undefined,
    fromMemory: Thread | undefined,
  ): SendResult | undefined {
    const refused = result?.kind === 'response' && (REFUSED as readonly number[]).includes(result.status);
    if (refused) {
      if (signals.length === 1) this.#oracle.seen[signals[0]!]! |= Seen.refused;
      return result;
    }
    const rejected = result?.kind === 'response' ? rejectedBy(result.body) : 0;
    const taken = signals.slice(0, signals.length - rejected);
    for (const signal of taken) this.#oracle.took(signal, fromMemory);
    for (const signal of signals.slice(taken.length)) this.#oracle.seen[signal]! |= Seen.rejected;
    if (result?.kind === 'response' && (result.status === 502 || result.status === 504))
      this.#oracle.uncertain = true;
    return result;
  }
}

/** Every signal in a text, by `#first+count `. */
export function signalsIn(text: string): number[] {
  const found: number[] = [];
  for (const [, first, count] of text.matchAll(/#(\d+)\+(\d+) /g)) {
    for (let i = 0; i < Number(count); i++) found.push(Number(first) + i);
  }
  return found;
}

const rejectedBy = (body: string): number => Number(/^rejected (\d+)/.exec(body)?.[1] ?? 0);

/** Requests of the simulation's own bodies: `#first+count `, then padding. Of spans every fifth signal is sampled out. */
export function encoderFor(thins: boolean): BatchEncoder {
  return {
    encode(records): EncodedBatch {
      const bodies: string[] = [];
      const signalsPerRecord: number[] = [];
      const sampledOutPerRecord: number[] = [];
      for (const { payload, kind } of records) {
        const all = signalsIn(payload.toString('latin1', 0, 24));
        const kept = thins && kind === 'spans' ? all.filter((signal) => signal % 5 !== 0) : all;
        bodies.push(kept.map((signal) => `#${signal}+1 `).join(''));
        signalsPerRecord.push(kept.length);
        sampledOutPerRecord.push(all.length - kept.length);
      }
      const body = Buffer.from(bodies.join('\n'));
      const signals = signalsPerRecord.reduce((sum, n) => sum + n, 0);
      const rest = { origin: 'http://upstream.invalid', path: '/', headers: {}, records: records.length };
      return { method: 'POST', ...rest, body, signals, signalsPerRecord, sampledOutPerRecord };
    },
    split(record): readonly PendingRecord[] {
      const signals = signalsIn(record.payload.toString('latin1', 0, 24));
      return signals.map((signal) => ({ ...record, count: 1, payload: Buffer.from(`#${signal}+1 `) }));
    },
    answered: (body) => ({ rejected: rejectedBy(body) }),
  };
}
