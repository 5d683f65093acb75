import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import {
  appendHistory,
  COMPACT_BYTES,
  KEEP_ENTRIES,
  readHistory,
  type HistoryEntry,
} from '../../src/journal/history.ts';
import { takeClaim } from '../../src/journal/numbered-claim.ts';
import { EMPTY_LEDGER } from '../../src/kernel/empty-ledger.ts';
import { addLedgers } from '../../src/ledger/account.ts';
import { nextLine, startFixture, tempDir } from './support.ts';

const ledger = (n: number): Ledger => ({
  ...EMPTY_LEDGER,
  spans: { ...EMPTY_LEDGER.spans, created: n, delivered: n, lost: { corrupt: n } },
});
const entry = (id: string, n = 1): HistoryEntry => ({
  id,
  endedMs: n,
  state: 'clean',
  ledger: ledger(n),
  maybeTwice: n,
  writers: 1,
});
const add = (directory: string, one: HistoryEntry): boolean =>
  appendHistory(directory, one, 'me', addLedgers);
const total = (directory: string): number =>
  addLedgers(readHistory(directory).map((e) => e.ledger)).spans.created;

test('entries come back in order; one written twice counts once; torn and foreign lines are ignored', (t) => {
  const directory = tempDir(t);
  assert.deepEqual(readHistory(directory), []);
  assert.equal(add(directory, entry('w-a', 1)), true);
  appendFileSync(join(directory, 'history.jsonl'), '{"id":"w-torn","endedMs":');
  add(directory, entry('w-b', 2));
  appendFileSync(join(directory, 'history.jsonl'), 'null\n7\n{"no":"id"}\n');
  add(directory, entry('w-a', 3));
  assert.deepEqual(readHistory(directory), [entry('w-a', 3), entry('w-b', 2)]);
  assert.equal(statSync(join(directory, 'history.jsonl')).mode & 0o777, 0o600);
});

test('it is folded when it has grown: sums stay, the newest entries and those of folders that are there stay', (t) => {
  const directory = tempDir(t);
  mkdirSync(join(directory, 'w-0'));
  let sum = 0;
  const put = (i: number): void => {
    add(directory, entry(`w-${i}`, i));
    sum += i;
    assert.equal(total(directory), sum, `after ${i}`);
  };
  const bytes = JSON.stringify(entry('w-1000', 1000)).length;
  const lines = Array.from({ length: Math.floor(COMPACT_BYTES / bytes) - 2 }, (_, i) => entry(`w-${i}`, i));
  writeFileSync(join(directory, 'history.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  sum = total(directory);
  const writersBefore = lines.length;
  let i = lines.length;
  for (; statSync(join(directory, 'history.jsonl')).size > COMPACT_BYTES / 2; i++) put(i);
  const entries = readHistory(directory);
  assert.equal(entries.length, KEEP_ENTRIES + 2, 'the folded one, the one whose folder is there, the newest');
  assert.ok(entries.some(({ id }) => id === 'w-0'));
  assert.ok(entries.some(({ id }) => id === `w-${i - 1}`));
  assert.equal(
    entries.reduce((n, e) => n + e.writers, 0),
    i,
  );
  assert.ok(i > writersBefore);
  add(directory, entry('w-0', 0));
  assert.equal(total(directory), sum, 'a writer that is entered again counts once');
});

test('while somebody else writes, it says so and does nothing', (t) => {
  const directory = tempDir(t);
  assert.equal(takeClaim({ folder: directory, name: 'historian' }, 'somebody else'), true);
  assert.equal(add(directory, entry('w-a')), false);
  assert.deepEqual(readHistory(directory), []);
  rmSync(directory, { recursive: true });
  assert.equal(add(directory, entry('w-a')), false);
});

test('L1: processes that append and fold at once lose no entry', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'history.jsonl');
  const filler = { ...entry('w-filler', 0), id: `w-${'f'.repeat(COMPACT_BYTES)}` };
  const older = Array.from({ length: KEEP_ENTRIES + 1 }, (_, i) => entry(`w-old-${i}`, 1));
  // The newest one makes the file large: every append folds.
  writeFileSync(file, [...older, filler].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const children = Array.from({ length: 4 }, (_, i) =>
    startFixture(t, new URL('./fixtures/historian.ts', import.meta.url), directory, String(i), '40'),
  );
  await Promise.all(children.map(nextLine));
  for (const child of children) child.stdin!.write('go\n');
  await Promise.all(children.map((child) => once(child, 'exit')));
  const entries = readHistory(directory);
  assert.equal(
    entries.reduce((n, e) => n + e.writers, 0),
    KEEP_ENTRIES + 162,
  );
  assert.equal(total(directory), KEEP_ENTRIES + 161);
  assert.ok(entries.length <= KEEP_ENTRIES + 1, 'it was folded');
  assert.ok(readFileSync(file, 'utf8').endsWith('\n'));
  assert.ok(readdirSync(directory).length <= 2, 'no drafts are left');
});
