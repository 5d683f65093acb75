import assert from 'node:assert/strict';
import { encode } from '@msgpack/msgpack';
import type { BatchEncoder, Outcomes, PendingRecord, UpstreamState } from '../../src/contracts/delivery.ts';
import type { OutgoingRequest, Send, SendResult } from '../../src/delivery/send.ts';
import { deliverStream, type StreamDelivery, type StreamOptions } from '../../src/delivery/stream.ts';
import { createDatadogEncoder } from '../../src/wire/datadog/encode.ts';
import { MemorySource } from './memory-source.ts';

export const NOW_MS = 1_800_000_000_000;
export const DAY_MS = 24 * 3600 * 1000;

/** Waits for a condition, at most `timeoutMs` of real time. */
export async function until(what: string, condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    assert.ok(performance.now() < end, `in ${timeoutMs} ms never: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function evaluation(id: string, more: Partial<PendingRecord> = {}): PendingRecord {
  const payload = Buffer.from(JSON.stringify({ label: id }));
  return { kind: 'evaluations', flags: 0, count: 1, timeMs: NOW_MS, preamble: '', payload, ...more };
}

/** A v0.4 record: one trace per list of span names. */
export function traces(
  names: readonly (readonly string[])[],
  more: Partial<PendingRecord> = {},
): PendingRecord {
  const payload = Buffer.from(encode(names.map((spans) => spans.map((name) => ({ name })))));
  return {
    kind: 'spans',
    flags: 2,
    count: names.flat().length,
    timeMs: NOW_MS,
    preamble: '',
    payload,
    ...more,
  };
}

export const testEncoder = (url = 'http://agent.invalid:8126'): BatchEncoder =>
  createDatadogEncoder({ target: () => ({ mode: 'agent', url }), agentUrl: () => url });

export const answered = (status: number, headers: Record<string, string> = {}, body = ''): SendResult => ({
  kind: 'response',
  status,
  headers,
  body,
});

export interface Run {
  readonly stream: StreamDelivery;
  readonly states: UpstreamState[];
  readonly outcomes: Outcomes[];
  /** Pauses asked for; none of them takes time, all of them move the clock. */
  readonly pausesMs: number[];
  readonly clock: { wallMs: number };
  end(): Promise<void>;
}

/** A stream over a fake clock: pauses are recorded and over at once, unless `holdPause` says otherwise. */
export function run(
  source: MemorySource,
  send: Send,
  options: Partial<StreamOptions> & { readonly holdPause?: (ms: number) => boolean } = {},
): Run {
  const clock = { wallMs: NOW_MS };
  const states: UpstreamState[] = [];
  const outcomes: Outcomes[] = [];
  const pausesMs: number[] = [];
  const { holdPause, ...rest } = options;
  const stream = deliverStream({
    source,
    encoder: testEncoder(),
    send,
    clock: { now: () => clock.wallMs - NOW_MS, wall: () => clock.wallMs },
    random: () => 0.5,
    maxAgeMs: DAY_MS,
    onOutcome: (_kind, n) => outcomes.push(n),
    onState: (state) => states.push(state),
    wake: source.wake,
    sleep: (ms, signal) => {
      pausesMs.push(ms);
      if (holdPause?.(ms) === true) {
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      }
      clock.wallMs += ms;
      return Promise.resolve();
    },
    ...rest,
  });
  return { stream, states, outcomes, pausesMs, clock, end: () => stream.stop() };
}

/** The signals' names in a body, read without the code under test. */
export function namesIn(body: Buffer): string[] {
  return [...body.toString('latin1').matchAll(/(?:"label":"|\xa4name[\xa0-\xbf])([a-z0-9-]+)/g)].map(
    (m) => m[1]!,
  );
}

/** Gives these answers one after another, then 202 for ever. */
export function scripted(...answers: readonly SendResult[]): { send: Send; requests: OutgoingRequest[] } {
  const requests: OutgoingRequest[] = [];
  const left = [...answers];
  const send: Send = (request) => {
    requests.push(request);
    return Promise.resolve(left.shift() ?? answered(202));
  };
  return { send, requests };
}

export const evaluations = (n: number): MemorySource => {
  const source = new MemorySource('evaluations');
  for (let i = 0; i < n; i += 1) source.add(evaluation(`e${i}`));
  return source;
};

export const emptied = (source: MemorySource): Promise<void> =>
  until('nothing is pending', () => source.pending === 0);
