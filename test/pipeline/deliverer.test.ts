import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { appendHistory } from '../../src/journal/history.ts';
import type { JournalWriter } from '../../src/journal/writer.ts';
import { EMPTY_LEDGER } from '../../src/kernel/empty-ledger.ts';
import { addLedgers } from '../../src/ledger/account.ts';
import {
  LAST_WORD_MS,
  MAX_ORPHANS,
  type Deliverer,
  type DelivererOptions,
} from '../../src/pipeline/deliverer.ts';
import { readJournalLedger } from '../../src/pipeline/ledger-view.ts';
import { json, MIB, tempDir, until, writerIn } from '../journal/support.ts';
import { deliverer, endOwner, Upstream } from './support.ts';

/** A writer with the ledger's other side counted, as custody counts it. */
function filled(
  directory: string,
  name: string,
  n: number,
  options: Parameters<typeof writerIn>[1] = {},
): JournalWriter {
  const writer = writerIn(directory, options);
  for (let i = 0; i < n; i++) {
    writer.page.add('spans', 'created');
    writer.append('spans', `${name}-${i}`, 1);
  }
  writer.page.write();
  return writer;
}

function start(
  t: TestContext,
  directory: string,
  upstream: Pick<Upstream, 'send'>,
  options: Partial<DelivererOptions> = {},
): Deliverer {
  const one = deliverer(directory, upstream, options);
  t.after(() => one.stop());
  return one;
}

async function sweepUntil(
  what: string,
  deliverers: readonly Deliverer[],
  condition: () => boolean,
): Promise<void> {
  let busy = false;
  await until(what, () => {
    if (!busy) {
      busy = true;
      void Promise.all(deliverers.map((one) => one.sweep())).then(() => (busy = false));
    }
    return condition();
  });
  await until('the last sweep is over', () => !busy);
}

const folders = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith('w-'));

test('L1: what a dead process left is delivered in order; its last word goes to the history, its folder goes', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const writer = filled(directory, 'a', 2500);
  writer.page.add('spans', 'created', 2); // Finished, never released.
  writer.page.write();
  endOwner(writer.path);
  await sweepUntil('it is gone', [start(t, directory, upstream)], () => folders(directory).length === 0);
  assert.deepEqual(
    upstream.lines,
    Array.from({ length: 2500 }, (_, i) => `a-${i}`),
  );
  const { ledger, closedWriters, writers } = readJournalLedger(directory);
  assert.deepEqual([closedWriters, writers.length], [1, 0]);
  assert.deepEqual(ledger.spans, {
    ...EMPTY_LEDGER.spans,
    created: 2502,
    delivered: 2500,
    lost: { killed: 2 },
  });
});

test('one that is stopped while it looks lets each folder go once', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const errors: unknown[] = [];
  const one = start(t, directory, upstream, { onError: (error) => void errors.push(error) });
  const writers = Array.from({ length: 4 }, (_, i) => filled(directory, `w${i}`, 1));
  await one.sweep();
  await until('all is delivered', () => upstream.lines.length === 4);
  for (const { path } of writers) endOwner(path);
  const looking = one.sweep(); // Waits at the first folder; those behind it are let go meanwhile.
  await one.stop();
  await looking;
  assert.deepEqual(errors, []);
});

test("a live writer of another host is left alone; one without a host is the sidecar's", async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const theirs = filled(directory, 'theirs', 1, { owner: { delivery: 'worker' } });
  const ours = filled(directory, 'ours', 1, { owner: { delivery: 'none' } });
  for (const { path } of [theirs, ours]) {
    const file = join(path, 'owner.json');
    writeFileSync(file, JSON.stringify({ ...json(file), pidNamespace: 'pid:[1]' })); // Alive by its lease.
  }
  const sidecar = start(t, directory, upstream);
  await sweepUntil('ours is delivered', [sidecar], () => upstream.lines.includes('ours-0'));
  await sidecar.sweep();
  assert.deepEqual(upstream.lines, ['ours-0']);
  assert.equal(folders(directory).length, 2, 'they may write on');
  ours.append('spans', 'later', 1);
  await sweepUntil('it goes on', [sidecar], () => upstream.lines.includes('later'));
});

test('L12: two deliverers on one directory never both deliver one writer', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  for (let i = 0; i < 12; i++) {
    const writer = filled(directory, `w${i}`, 50);
    writer.close();
    endOwner(writer.path);
  }
  const two = [start(t, directory, upstream), start(t, directory, upstream)];
  await sweepUntil('all are gone', two, () => folders(directory).length === 0);
  assert.equal(upstream.lines.length, 600);
  assert.equal(new Set(upstream.lines).size, 600);
  const { ledger, maybeTwice, closedWriters } = readJournalLedger(directory);
  assert.deepEqual(
    [ledger.spans.delivered, ledger.spans.unaccounted, maybeTwice, closedWriters],
    [600, 0, 0, 12],
  );
});

test('orphans are replayed a few at a time, however many writers of our own there are', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  upstream.status = 503;
  for (let i = 0; i < MAX_ORPHANS + 4; i++) filled(directory, `own${i}`, 1);
  for (let i = 0; i < MAX_ORPHANS + 4; i++) endOwner(filled(directory, `orphan${i}`, 1).path);
  const adopted = new Set<string>();
  const one = start(t, directory, upstream, { onAdopted: (id) => adopted.add(id) });
  await one.sweep();
  await one.sweep();
  assert.equal(adopted.size, MAX_ORPHANS + 4 + MAX_ORPHANS);
  upstream.status = 200;
  one.hurry();
  await sweepUntil('every orphan is delivered', [one], () => folders(directory).length === MAX_ORPHANS + 4);
  assert.equal(new Set(upstream.lines).size, 2 * (MAX_ORPHANS + 4));
});

test('L13: writers sealed with another key are held, said, and do not stand in the way of others', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const key = randomBytes(32);
  for (let i = 0; i < MAX_ORPHANS + 2; i++) endOwner(filled(directory, `sealed${i}`, 3, { key }).path);
  endOwner(filled(directory, 'plain', 2).path);
  const said = new Set<string>();
  const one = start(t, directory, upstream, { key: randomBytes(32), onSealed: (id) => said.add(id) });
  await sweepUntil('the plain one is delivered', [one], () => folders(directory).length === MAX_ORPHANS + 2);
  assert.deepEqual(upstream.lines, ['plain-0', 'plain-1']);
  assert.ok(said.size >= MAX_ORPHANS);
  assert.equal(
    readJournalLedger(directory).ledger.spans.pending,
    3 * (MAX_ORPHANS + 2),
    'neither lost nor sent',
  );
  await one.stop();
  await sweepUntil(
    'the right key delivers them',
    [start(t, directory, upstream, { key })],
    () => folders(directory).length === 0,
  );
  assert.equal(upstream.lines.length, 2 + 3 * (MAX_ORPHANS + 2));
  const { ledger } = readJournalLedger(directory);
  assert.deepEqual([ledger.spans.delivered, ledger.spans.unaccounted], [2 + 3 * (MAX_ORPHANS + 2), 0]);
});

test("a thread that said its last word may still write for a moment; the host's own writer is never ended", async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const thread = filled(directory, 'thread', 1);
  const own = filled(directory, 'own', 1);
  const one = start(t, directory, upstream, { keeps: (id) => id === basename(own.path) });
  thread.page.markClean();
  own.page.markClean();
  await sweepUntil('both are delivered', [one], () => upstream.lines.length === 2);
  await one.sweep();
  thread.append('spans', 'from a later exit handler', 1);
  await sweepUntil('that too', [one], () => upstream.lines.length === 3);
  assert.equal(folders(directory).length, 2);
  thread.close();
  own.close();
  const before = new Date(Date.now() - LAST_WORD_MS - 1000);
  for (const { path } of [thread, own]) utimesSync(join(path, 'counters'), before, before);
  await sweepUntil('the thread is ended', [one], () => folders(directory).length === 1);
  await one.sweep();
  assert.deepEqual(folders(directory), [basename(own.path)]);
});

test('a folder whose last word is in the history already is removed, not delivered again', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const writer = filled(directory, 'a', 3);
  endOwner(writer.path);
  const entry = {
    id: basename(writer.path),
    endedMs: 1,
    state: 'killed',
    ledger: EMPTY_LEDGER,
    maybeTwice: 0,
    writers: 1,
  } as const;
  assert.equal(appendHistory(directory, entry, 'me', addLedgers), true);
  await start(t, directory, upstream).sweep();
  assert.deepEqual(folders(directory), []);
  assert.deepEqual(upstream.lines, []);
});

test('L12: what was taken over by somebody else is let go', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const writer = filled(directory, 'a', 1, { owner: { delivery: 'none' } });
  const other = filled(directory, 'b', 0, { owner: { delivery: 'none' } });
  const one = start(t, directory, upstream);
  await sweepUntil('it is delivered', [one], () => upstream.lines.length === 1);
  writeFileSync(
    join(writer.path, 'deliverer-000002.json'),
    JSON.stringify({ ...json(join(writer.path, 'deliverer-000001.json')), pidNamespace: 'pid:[1]' }),
  );
  await one.sweep();
  writer.append('spans', 'theirs now', 1);
  // A loop that still ran would have come round as often as this one.
  for (let i = 0; i < 20; i++) {
    other.append('spans', `b-${i}`, 1);
    await sweepUntil('the other writer goes on', [one], () => upstream.lines.includes(`b-${i}`));
  }
  assert.equal(upstream.lines.length, 21);
  assert.equal(upstream.lines.includes('theirs now'), false);
});

test('a folder that cannot be delivered is said, and the others go on', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  mkdirSync(join(directory, 'w-0', 'outcomes.jsonl'), { recursive: true });
  endOwner(filled(directory, 'a', 1).path);
  const errors: unknown[] = [];
  await sweepUntil(
    'the other one',
    [start(t, directory, upstream, { onError: (error) => errors.push(error) })],
    () => upstream.lines.length === 1,
  );
  assert.match(String(errors[0]), /EISDIR/);
});

test('nothing is taken over after stop', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  const one = start(t, directory, upstream);
  await one.stop();
  endOwner(filled(directory, 'a', 1).path);
  await one.sweep();
  assert.deepEqual(
    readdirSync(join(directory, folders(directory)[0]!)).filter((name) => name.startsWith('deliverer')),
    [],
  );
});

test('L5: evictions behind a stalled delivery come out in the ledger', async (t) => {
  const directory = tempDir(t);
  const upstream = new Upstream();
  upstream.status = 503;
  const writer = writerIn(directory, { maxBytes: MIB, owner: { delivery: 'none' } });
  const one = start(t, directory, upstream);
  await one.sweep();
  for (let i = 0; i < 100; i++) {
    writer.page.add('spans', 'created');
    assert.equal(writer.append('spans', `${i} ${'.'.repeat(60_000)}`, 1), 'ok');
  }
  writer.page.write();
  const during = readJournalLedger(directory).ledger.spans;
  assert.equal((during.dropped['journal_full'] ?? 0) + during.pending, 100);
  assert.equal(during.unaccounted, 0);
  upstream.status = 200;
  one.hurry();
  await sweepUntil(
    'the rest is delivered',
    [one],
    () => readJournalLedger(directory).ledger.spans.pending === 0,
  );
  const after = readJournalLedger(directory).ledger.spans;
  assert.equal(after.delivered, new Set(upstream.lines).size);
  assert.equal(after.delivered + after.dropped['journal_full']!, 100);
  assert.equal(after.unaccounted, 0);
  assert.equal(existsSync(join(directory, 'history.jsonl')), false);
});
