import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/kernel/clock.ts';
import { SqliteStore } from '../../src/workbench/store/sqlite-store.ts';
import { TraceIds } from '../../src/workbench/store/trace-ids.ts';
import { llmRow, spanRow } from './rows.ts';

const none = { key: undefined, rejected: 0, source: 'datadog' } as const;
const idOf = (n: number): string => n.toString(16).padStart(32, '0');

describe('finding traces by their ids', () => {
  it('finds each while it is there, however many came and went', () => {
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE traces (id INTEGER PRIMARY KEY, trace_id TEXT)');
    const insert = db.prepare('INSERT INTO traces VALUES (?, ?)');
    const remove = db.prepare('DELETE FROM traces WHERE id = ?');
    const ids = new TraceIds(db);
    const ALIVE = 700;
    for (let row = 1; row <= 10_000; row += 1) {
      insert.run(row, idOf(row));
      ids.add(idOf(row), row);
      if (row <= ALIVE) continue;
      remove.run(row - ALIVE);
      ids.remove(idOf(row - ALIVE), row - ALIVE);
    }
    for (let row = 1; row <= 10_000; row += 1)
      assert.equal(ids.find(idOf(row)), row > 10_000 - ALIVE ? row : undefined, String(row));
    assert.ok(ids.places <= 4096, `${ids.places} places`);
    assert.equal(new TraceIds(db).find(idOf(9_999)), 9_999, 'read from the rows');
    db.close();
  });

  it('takes the newest of those that end alike, and nothing that only has the same hash', () => {
    const db = new DatabaseSync(':memory:');
    db.exec(
      "CREATE TABLE traces (id INTEGER PRIMARY KEY, trace_id TEXT); INSERT INTO traces VALUES (1, 'x'), (2, 'y')",
    );
    const half = 'fedcba9876543210';
    const [older, newer] = ['0'.repeat(16) + half, '1'.repeat(16) + half];
    db.prepare('INSERT INTO traces VALUES (3, ?), (4, ?)').run(older, newer);
    const ids = new TraceIds(db);
    assert.deepEqual([ids.find(older), ids.find(newer), ids.find('2'.repeat(16) + half)], [3, 4, undefined]);
    assert.equal(ids.findByLowHalf(half), newer);
    ids.remove(newer, 4);
    assert.equal(ids.findByLowHalf(half), older);
    assert.equal(ids.find('x'), 1, 'an id of any form');
    ids.add('of another row', 2);
    assert.equal(ids.find('of another row'), undefined, 'an entry that its row does not bear out');
    db.close();
  });

  it('keeps what an undone eviction would have taken, and what a restart finds', (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'keepspan-ids-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'bench.db');
    let looks = Number.POSITIVE_INFINITY;
    const wall = (): number => {
      looks -= 1;
      if (looks < 0) throw new Error('in the middle');
      return systemClock.wall();
    };
    const clock = { ...systemClock, now: () => systemClock.now(), wall };
    const options = { file, maxStoredBytes: 5_000, maxBatchKeys: 10, clock };
    const store = new SqliteStore(options);
    store.insert({ ...none, kind: 'spans', spans: [spanRow(1)] });
    store.insert({ ...none, kind: 'llmSpans', llmSpans: [llmRow(2)] });
    const detail = JSON.stringify('x'.repeat(6_000));
    const before = store.ledger();
    // Fails when the second request is to go: the first was evicted by then, and comes back.
    looks = 2;
    assert.throws(
      () => store.insert({ ...none, kind: 'spans', spans: [spanRow(3, { detail })] }),
      /in the middle/,
    );
    looks = Number.POSITIVE_INFINITY;
    assert.deepEqual(store.ledger(), before);
    assert.equal(store.resolve([idOf(1)])?.traceId, idOf(1));
    assert.equal(store.resolve([idOf(2)])?.traceId, idOf(2));
    assert.equal(store.resolve([idOf(3)]), undefined);
    store.close();
    const again = new SqliteStore(options);
    t.after(() => again.close());
    assert.equal(again.resolve([idOf(2)])?.traceId, idOf(2));
    again.insert({ ...none, kind: 'spans', spans: [spanRow(4, { detail })] });
    assert.equal(again.resolve([idOf(1)]), undefined);
    assert.equal(again.resolve([idOf(2)]), undefined);
    assert.ok(again.evictedAt(idOf(2)) !== undefined && again.evictedAt(idOf(4)) !== undefined);
  });
});
