import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { KindLedger } from '../../src/contracts/ledger.ts';
import type { SignalKind } from '../../src/contracts/signal.ts';
import { segmentFile } from '../../src/journal/directory.ts';
import { GuardedJournal } from '../../src/journal/guarded.ts';
import { LOOK_AGAIN_MS } from '../../src/journal/room.ts';
import type { JournalWriter } from '../../src/journal/writer.ts';
import { CustodyStore } from '../../src/pipeline/custody-store.ts';
import { readJournalLedger } from '../../src/pipeline/ledger-view.ts';
import { FakeClock, FaultyDisk, FULL, json, MIB, tempDir, writerIn } from '../journal/support.ts';
import { endOwner, names, openSource, type OpenSource } from './support.ts';
import { seeded } from '../support/seeded.ts';

const SEEDS = FULL ? 400 : 25;
const STEPS = 120;
const KINDS = ['spans', 'llmSpans', 'evaluations'] as const satisfies readonly SignalKind[];

/** One record as this test made it. What became of it is told from what it saw, never from src. */
interface Made {
  readonly count: number;
  /** Where it lies; undefined while it is in memory. */
  segment?: number;
  offset?: number;
  outcome?: string;
  damaged?: boolean;
}

/** One kind, counted by hand. */
interface Oracle {
  created: number;
  readonly ended: Record<string, number>;
  /** In the order of the journal. */
  readonly onDisk: Made[];
  /** Index after the last record that was resolved. */
  passed: number;
}

interface World {
  readonly directory: string;
  readonly writer: JournalWriter;
  readonly disk: FaultyDisk;
  readonly clock: FakeClock;
  readonly journal: GuardedJournal;
  readonly custody: CustodyStore;
  readonly oracle: Record<SignalKind, Oracle>;
  sources: Record<SignalKind, OpenSource>;
}

function begin(t: TestContext): World {
  const directory = tempDir(t);
  const disk = new FaultyDisk();
  const clock = new FakeClock();
  const writer = writerIn(directory, { maxBytes: MIB, disk, clock });
  const journal = new GuardedJournal({
    writer,
    clock,
    maxMemoryBytes: 64 * MIB,
    slowMs: 1e9,
    onState: () => undefined,
  });
  const fresh = (): Oracle => ({ created: 0, ended: {}, onDisk: [], passed: 0 });
  return {
    directory,
    writer,
    disk,
    clock,
    journal,
    custody: new CustodyStore(
      journal,
      () => undefined,
      () => undefined,
    ),
    oracle: { spans: fresh(), llmSpans: fresh(), evaluations: fresh() },
    sources: open(writer),
  };
}

function open(writer: JournalWriter): World['sources'] {
  const spans = openSource(writer.path, 'spans');
  const rest = (kind: SignalKind): OpenSource => openSource(writer.path, kind, { log: spans.log });
  return { spans, llmSpans: rest('llmSpans'), evaluations: rest('evaluations') };
}

const fileOf = (world: World, kind: SignalKind, number: number): string =>
  segmentFile(world.writer.path, { kind, number });

/** Finds the record by its name, in the newest segments: the oracle's own look at the disk. */
function locate(world: World, kind: SignalKind, made: Made, name: string, bytes: number): boolean {
  const last = world.oracle[kind].onDisk.findLast(({ segment }) => segment !== undefined)?.segment ?? 1;
  for (const file of readdirSync(world.writer.path)) {
    const number = Number(new RegExp(`^${kind}-(\\d+)\\.seg$`).exec(file)?.[1] ?? 0);
    if (number < last) continue;
    const content = readFileSync(join(world.writer.path, file));
    const at = content.indexOf(`${name} `);
    if (at === -1) continue;
    made.segment = number;
    made.offset = at;
    assert.ok(at + bytes <= content.length);
    return true;
  }
  return false;
}

function create(world: World, random: () => number): void {
  const kind = KINDS[Math.floor(random() * 3)]!;
  const { oracle, custody, journal } = world;
  const count = 1 + Math.floor(random() * 5);
  const mine = oracle[kind];
  mine.created += count;
  custody.created(kind, count);
  if (random() < 0.1) {
    const end = random() < 0.5 ? 'dropped.invalid' : 'lost.unserializable';
    custody.ended(kind, end, count);
    mine.ended[end] = (mine.ended[end] ?? 0) + count;
    return;
  }
  if (random() < 0.05) return void (mine.ended['in transit'] = (mine.ended['in transit'] ?? 0) + count);
  const name = `${kind}#${mine.created}`;
  const body = `${name} ${'.'.repeat(Math.floor(random() * 60_000))}`;
  const before = journal.memory.size;
  assert.equal(custody.take(kind, body, count), true);
  const made: Made = { count };
  if (journal.memory.size > before) mine.ended['memory'] = (mine.ended['memory'] ?? 0) + count;
  else {
    assert.ok(locate(world, kind, made, name, body.length), `${name} is on no disk`);
    mine.onDisk.push(made);
  }
  noticeEvictions(world);
}

/** A segment that is gone although this test did not resolve all of it was given up. */
function noticeEvictions(world: World): void {
  for (const kind of KINDS) {
    const mine = world.oracle[kind];
    for (const made of mine.onDisk.slice(mine.passed)) {
      if (made.outcome === undefined && !existsSync(fileOf(world, kind, made.segment!)))
        made.outcome = 'dropped.journal_full';
    }
  }
}

function deliver(world: World, random: () => number): void {
  const kind = KINDS[Math.floor(random() * 3)]!;
  const { source } = world.sources[kind];
  const mine = world.oracle[kind];
  const given = names(source.peek(1 + Math.floor(random() * 200_000), 1 + Math.floor(random() * 8)));
  if (given.length === 0) return;
  const taken = given.slice(0, 1 + Math.floor(random() * given.length));
  const outcome = (
    ['delivered', 'delivered', 'delivered', 'sampledOut', 'lost.expired', 'lost.quarantined'] as const
  )[Math.floor(random() * 6)]!;
  let signals = 0;
  for (const body of taken) {
    const created = Number(/#(\d+) /.exec(body)![1]);
    const index = mine.onDisk.findIndex((_, i) => nameOf(world, kind, i) === created);
    assert.ok(index >= mine.passed, 'in order, and once');
    mine.onDisk[index]!.outcome = outcome;
    signals += mine.onDisk[index]!.count;
    mine.passed = index + 1;
  }
  if (random() < 0.5) source.intent(signals);
  source.resolve(taken.length, { [outcome]: signals });
}

/** Names are the number of signals created so far, remembered per record on disk. */
const created = new WeakMap<Made, number>();
function nameOf(world: World, kind: SignalKind, index: number): number | undefined {
  return created.get(world.oracle[kind].onDisk[index]!);
}

/** One bit of a record that has a later one in its stream: the later one tells how much is missing. */
function damage(world: World, random: () => number): void {
  const kind = KINDS[Math.floor(random() * 3)]!;
  const mine = world.oracle[kind];
  const index = Math.floor(random() * (mine.onDisk.length - 1));
  const made = mine.onDisk[index];
  if (
    made === undefined ||
    index < mine.passed ||
    index >= mine.onDisk.length - 1 ||
    made.outcome !== undefined ||
    made.damaged
  )
    return;
  const file = fileOf(world, kind, made.segment!);
  const bytes = readFileSync(file);
  bytes[made.offset! + 1]! ^= 1 << Math.floor(random() * 8);
  writeFileSync(file, bytes);
  made.damaged = true;
}

function expected(oracle: Oracle): Omit<KindLedger, 'atRisk' | 'unobserved'> {
  const totals: Record<string, number> = { ...oracle.ended };
  const add = (name: string, n: number): void => void (totals[name] = (totals[name] ?? 0) + n);
  for (const [i, made] of oracle.onDisk.entries()) {
    if (made.outcome !== undefined) add(made.outcome, made.count);
    else if (made.damaged === true) add('lost.corrupt', made.count);
    else add(i < oracle.passed ? 'skipped' : 'pending', made.count);
  }
  const reasons = (prefix: string): Record<string, number> =>
    Object.fromEntries(
      Object.entries(totals)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, n]) => [name.slice(prefix.length), n]),
    );
  return {
    created: oracle.created,
    delivered: totals['delivered'] ?? 0,
    pending: totals['pending'] ?? 0,
    sampledOut: totals['sampledOut'] ?? 0,
    dropped: reasons('dropped.'),
    lost: reasons('lost.'),
    inTransit: (totals['in transit'] ?? 0) + (totals['memory'] ?? 0),
    unaccounted: totals['skipped'] ?? 0,
  };
}

function compare(world: World, when: string): void {
  const { ledger } = readJournalLedger(world.directory);
  for (const kind of KINDS) {
    const { atRisk: _atRisk, unobserved: _unobserved, ...seen } = ledger[kind];
    assert.deepEqual(seen, expected(world.oracle[kind]), `${kind}, ${when}`);
  }
}

function drainMemory(world: World): void {
  const waiting = [...world.journal.memory];
  world.disk.fail = {};
  world.clock.ms += LOOK_AGAIN_MS;
  world.journal.drain();
  const left = new Set([...world.journal.memory].map(({ id }) => id));
  for (const { id, kind, count, body } of waiting) {
    if (left.has(id)) continue;
    const mine = world.oracle[kind];
    const name = String(body).split(' ')[0]!;
    const made: Made = { count };
    created.set(made, Number(name.split('#')[1]));
    mine.ended['memory']! -= count;
    if (mine.ended['memory'] === 0) delete mine.ended['memory'];
    // One that was drained later may have taken its place already.
    if (!locate(world, kind, made, name, String(body).length)) made.outcome = 'dropped.journal_full';
    mine.onDisk.push(made);
  }
  noticeEvictions(world);
}

function live(t: TestContext, seed: number, met: Set<string>): void {
  const world = begin(t);
  const random = seeded(seed);
  const say = (step: number | string): string => `seed ${seed}, ${step}`;
  for (let step = 0; step < STEPS; step++) {
    world.clock.ms += LOOK_AGAIN_MS;
    const lengths = KINDS.map((kind) => world.oracle[kind].onDisk.length);
    const dice = random();
    if (dice < 0.55) create(world, random);
    else if (dice < 0.75) deliver(world, random);
    else if (dice < 0.85) damage(world, random);
    else if (dice < 0.9) {
      world.sources.spans.log.close(); // The deliverer dies: what it had read is read again, from the disk.
      world.sources = open(world.writer);
    } else if (dice < 0.95) world.disk.fail = random() < 0.5 ? { write: 'EIO', create: 'EROFS' } : {};
    else drainMemory(world);
    KINDS.forEach((kind, i) => {
      const { onDisk, created: n } = world.oracle[kind];
      if (onDisk.length === lengths[i]! + 1 && !created.has(onDisk.at(-1)!)) created.set(onDisk.at(-1)!, n);
    });
    world.custody.commit();
    compare(world, say(step));
  }
  end(world, random, say);
  for (const kind of KINDS) {
    const { onDisk, ended } = world.oracle[kind];
    for (const name of Object.keys(ended)) met.add(name);
    for (const { outcome, damaged } of onDisk)
      met.add(outcome ?? (damaged === true ? 'lost.corrupt' : 'pending'));
  }
}

/** Killed, or ended in order. */
function end(world: World, random: () => number, say: (step: string) => string): void {
  const { oracle, journal, writer, custody } = world;
  world.disk.fail = { write: 'EIO', create: 'EIO' }; // What memory holds stays there.
  const killed = random() < 0.5;
  for (const kind of KINDS) {
    const { ended } = oracle[kind];
    const inMemory = ended['memory'] ?? 0;
    const inTransit = ended['in transit'] ?? 0;
    delete ended['memory'];
    delete ended['in transit'];
    if (killed && inMemory + inTransit > 0) ended['lost.killed'] = inMemory + inTransit;
    if (!killed && inMemory > 0) ended['lost.memory'] = inMemory;
    if (!killed && inTransit > 0) ended['lost.unreleased'] = inTransit;
    if (!killed) custody.ended(kind, 'lost.unreleased', inTransit);
  }
  if (!killed) journal.close();
  endOwner(writer.path);
  compare(world, say(killed ? 'killed' : 'ended'));
  assert.equal(json(join(writer.path, 'owner.json'))['service'], 'test');
  world.sources.spans.log.close();
}

test(`L1: over ${SEEDS} lives, two independent counts agree at every step, to the signal and the reason`, (t) => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) live(t, seed, seen);
  for (const reason of [
    'dropped.journal_full',
    'lost.corrupt',
    'lost.killed',
    'lost.memory',
    'lost.unreleased',
    'lost.expired',
    'sampledOut',
  ]) {
    assert.ok(seen.has(reason), `no life met ${reason}`);
  }
});

test('L1: a signal that one side forgot is unaccounted', (t) => {
  const world = begin(t);
  const { custody, writer, directory } = world;
  for (let i = 0; i < 10; i++) {
    custody.created('spans');
    custody.take('spans', `s${i}`, 1);
  }
  custody.commit();
  writer.page.add('spans', 'journaled', 1); // Journaled, says the page; no record does.
  custody.created('spans');
  custody.commit();
  assert.deepEqual(
    [
      readJournalLedger(directory).ledger.spans.unaccounted,
      readJournalLedger(directory).ledger.spans.pending,
    ],
    [1, 10],
  );
  endOwner(writer.path);
  const { spans } = readJournalLedger(directory).ledger;
  assert.deepEqual(
    [spans.unaccounted, spans.lost, spans.pending],
    [1, {}, 10],
    'after a kill, too: it was released',
  );
});
