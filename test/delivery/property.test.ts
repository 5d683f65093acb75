import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingRecord, RecordSource } from '../../src/contracts/delivery.ts';
import type { Send, SendResult } from '../../src/delivery/send.ts';
import { answered, evaluation, namesIn, run, traces, until } from './harness.ts';
import { MemorySource } from './memory-source.ts';
import { seeded } from '../support/seeded.ts';

const SEEDS = process.env['KEEPSPAN_TEST_FULL'] === '1' ? 2000 : 200;

interface World {
  readonly source: MemorySource;
  readonly random: () => number;
  /** Copies of each signal that upstream took. */
  readonly taken: Map<string, number>;
  readonly poisonous: Set<string>;
  readonly journaled: number;
}

const chance = (random: () => number, p: number): boolean => random() < p;
const below = (random: () => number, n: number): number => Math.floor(random() * n);

function world(seed: number): World {
  const random = seeded(seed);
  const source = new MemorySource(chance(random, 0.5) ? 'spans' : 'evaluations');
  const poisonous = new Set<string>();
  const records: PendingRecord[] = [];
  const poisonShare = chance(random, 0.3) ? 0 : random() * 0.3;
  for (let r = 0; r < 1 + below(random, 12); r += 1) {
    if (source.kind === 'evaluations') {
      records.push(evaluation(`s${r}`));
      if (chance(random, poisonShare)) poisonous.add(`s${r}`);
      continue;
    }
    const names = Array.from({ length: 1 + below(random, 6) }, (_t, t) =>
      Array.from({ length: 1 + below(random, 3) }, (_s, s) => `s${r}-${t}-${s}`),
    );
    // Upstream refuses a trace whole: one bad span takes its trace with it.
    for (const trace of names) if (chance(random, poisonShare)) for (const name of trace) poisonous.add(name);
    records.push(traces(names));
  }
  source.add(...records);
  return { source, random, poisonous, taken: new Map(), journaled: source.pending };
}

/** Upstream on a bad day. What it says and what it did are two things. */
function upstream({ random, taken, poisonous }: World): Send {
  const take = (body: Buffer): void => {
    for (const name of namesIn(body)) taken.set(name, (taken.get(name) ?? 0) + 1);
  };
  const trouble = (body: Buffer, bad: boolean): SendResult => {
    switch (below(random, 7)) {
      case 0:
        return { kind: 'failed', code: 'ECONNREFUSED', sent: false };
      case 1:
        if (!bad && chance(random, 0.5)) take(body);
        return { kind: 'failed', code: 'ETIMEDOUT', sent: true };
      case 2:
        if (!bad && chance(random, 0.5)) take(body);
        return answered(502);
      case 3:
        return answered(503, { 'retry-after': '1' });
      case 4:
        return answered(429);
      case 5:
        return answered(403);
      default:
        return answered(302);
    }
  };
  return async ({ body }, signal) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) return { kind: 'failed', code: 'ABORT_ERR', sent: false };
    const bad = namesIn(body).some((name) => poisonous.has(name));
    if (chance(random, 0.4)) return trouble(body, bad);
    if (bad) return answered(chance(random, 0.5) ? 400 : 413);
    take(body);
    return answered(200);
  };
}

/** The source as one deliverer sees it: its disk fails now and then, and after its death it writes nothing. */
function mortal(world: World): { source: RecordSource; kill: () => void } {
  let dead = false;
  const act = <T>(method: () => T): T => {
    if (dead) throw new Error('dead');
    if (chance(world.random, 0.03)) throw new Error('EIO');
    return method();
  };
  const { source } = world;
  return {
    kill: () => {
      dead = true;
      source.reopen();
    },
    source: {
      kind: source.kind,
      id: source.id,
      position: () => act(() => source.position()),
      peek: (bytes, records) => act(() => source.peek(bytes, records)),
      intent: (n) => act(() => source.intent(n)),
      resolve: (n, outcomes) => act(() => source.resolve(n, outcomes)),
      maybeTwice: (n, carried) => act(() => source.maybeTwice(n, carried)),
      quarantine: (record, status, answer) => act(() => source.quarantine(record, status, answer)),
    },
  };
}

async function live(world: World): Promise<void> {
  const { source, random } = world;
  const send = upstream(world);
  for (let lives = 0; source.pending > 0; lives += 1) {
    const deliverer = mortal(world);
    const limits = { maxBytes: 1 + below(random, 400), maxRecords: 1 + below(random, 8) };
    const { stream } = run(source, send, { source: deliverer.source, random, limits });
    const turns = lives > 20 ? Infinity : below(random, 120);
    let turn = 0;
    await until('its life is over', () => source.pending === 0 || turn++ >= turns);
    if (chance(random, 0.5)) deliverer.kill();
    await stream.stop();
    source.reopen(); // Also after a stop whose disk failed: whatever is still intended counts.
  }
}

test(`L4, L12: over ${SEEDS} bad days every signal is delivered or counted, and copies are counted`, async () => {
  let copies = 0;
  let twice = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const one = world(seed);
    await live(one);
    const { source, taken, poisonous, journaled } = one;
    const say = `seed ${seed}: ${JSON.stringify(source.outcomes)}`;
    const settled = Object.values(source.outcomes).reduce((sum, n) => sum + n, 0);
    assert.equal(settled, journaled, say);
    assert.equal(source.outcomes['delivered'] ?? 0, taken.size, say);
    assert.equal(source.outcomes['lost.quarantined'] ?? 0, poisonous.size, say);
    assert.equal(taken.size + poisonous.size, journaled, say);
    const surplus = [...taken.values()].reduce((sum, n) => sum + n - 1, 0);
    assert.ok(surplus <= source.twice, `${say}: ${surplus} copies, ${source.twice} counted`);
    const kept = new Set(source.quarantined.flatMap(({ record }) => namesIn(record.payload)));
    assert.deepEqual([...kept].sort(), [...poisonous].sort(), say);
    copies += surplus;
    twice += source.twice;
  }
  assert.ok(
    copies > SEEDS / 4 && twice < copies * 20,
    `${copies} copies, ${twice} counted: the days were not bad`,
  );
});
