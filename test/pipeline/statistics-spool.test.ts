import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readPayloads, spansIn } from '../../src/pipeline/statistics/spool-files.ts';
import { listStatistics, StatisticsSpool } from '../../src/pipeline/statistics/spool.ts';
import type { StatsPayload } from '../../src/wire/datadog/stats.ts';

const payload = (hits: number): StatsPayload => ({
  headers: { 'Content-Type': 'application/msgpack' },
  hits,
  body: Buffer.from(`resource of ${hits}`),
});

function site(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'keepspan-spool-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const errors: unknown[] = [];
  const spool = (token = 'a', key?: Uint8Array) =>
    new StatisticsSpool({ directory: () => directory, key, token, onError: (error) => errors.push(error) });
  const folder = () => listStatistics(directory)[0]!;
  const files = () => readdirSync(folder()).filter((name) => /^(?:open|closed)-/.test(name));
  return {
    directory,
    errors,
    spool,
    folder,
    files,
    /** Whoever owns the folders that are there is gone. */
    kill() {
      for (const path of listStatistics(directory)) {
        const { token } = JSON.parse(readFileSync(join(path, 'owner.json'), 'utf8')) as { token: string };
        writeFileSync(join(path, 'owner.json'), JSON.stringify({ token }));
      }
    },
  };
}

describe('hit statistics on disk', () => {
  it('nothing is there until something counts, and nothing when everything is sent', (t) => {
    const { directory, spool, files } = site(t);
    const mine = spool();
    assert.deepEqual(listStatistics(directory), []);
    mine.counted(3);
    assert.equal(mine.snapshot([payload(3)]), true);
    assert.deepEqual(files(), ['open-1']);
    const interval = mine.close([payload(5)]);
    assert.deepEqual(files(), ['closed-1']);
    interval?.sending();
    assert.deepEqual(files(), ['closed-1.sent']);
    interval?.settled(false);
    assert.deepEqual(files(), ['closed-1']);
    interval?.gone();
    mine.end();
    assert.deepEqual(listStatistics(directory), []);
  });

  it('a successor takes closed and open intervals over, and knows by number what was not written', (t) => {
    const { spool, kill, directory } = site(t);
    const first = spool();
    first.close([payload(10), payload(1)]);
    first.counted(4);
    first.snapshot([payload(4)]);
    first.counted(9);
    assert.deepEqual(spool('b').adopt(), { intervals: [], uncounted: 0, lost: 0 }, 'its owner lives');
    kill();
    assert.equal(spansIn(listStatistics(directory)[0]!), 20);
    const { intervals, uncounted, lost } = spool('b').adopt();
    assert.deepEqual(
      intervals.map(({ payloads, maybeSent }) => ({ payloads, maybeSent })),
      [
        { payloads: [payload(10), payload(1)], maybeSent: false },
        { payloads: [payload(4)], maybeSent: false },
      ],
    );
    assert.deepEqual({ uncounted, lost }, { uncounted: 20, lost: 5 });
    assert.equal(listStatistics(directory).length, 1);
    for (const interval of intervals) interval.gone();
    assert.deepEqual(spool('c').adopt(), { intervals: [], uncounted: 0, lost: 0 });
  });

  it('killed before the first snapshot: all of it is lost, by number; killed after the last was sent: nothing', (t) => {
    const { spool, kill } = site(t);
    spool().counted(7);
    const sent = spool();
    sent.counted(3);
    sent.close([payload(3)])?.gone();
    kill();
    const { intervals, uncounted, lost } = spool('b').adopt();
    assert.deepEqual({ intervals, uncounted, lost }, { intervals: [], uncounted: 7, lost: 7 });
  });

  it('what was on its way may arrive twice; the thread that is started anew counts nothing twice', (t) => {
    const { spool, kill } = site(t);
    const first = spool('board');
    first.counted(8);
    first.close([payload(8)])?.sending();
    kill();
    const second = spool('board');
    const adopted = second.adopt();
    assert.deepEqual([adopted.uncounted, adopted.lost], [0, 0]);
    assert.deepEqual(
      adopted.intervals.map(({ maybeSent }) => maybeSent),
      [true],
    );
    // And it stays so, whoever comes next.
    adopted.intervals[0]?.settled(false);
    kill();
    assert.equal(spool('other').adopt().intervals[0]?.maybeSent, true);
  });

  it('is sealed where the journal is, and waits for who has the key', (t) => {
    const { spool, kill, folder, directory } = site(t);
    const key = new Uint8Array(32).fill(7);
    spool('a', key).close([payload(8)]);
    assert.doesNotMatch(readFileSync(join(folder(), 'closed-1'), 'utf8'), /resource|cmVzb3VyY2/);
    kill();
    assert.equal(spansIn(folder()), 8);
    for (const other of [undefined, new Uint8Array(32)]) {
      assert.deepEqual(spool('b', other).adopt(), { intervals: [], uncounted: 0, lost: 0 });
      assert.equal(listStatistics(directory).length, 1);
    }
    assert.deepEqual(spool('b', key).adopt().intervals[0]?.payloads, [payload(8)]);
  });

  it('a torn file holds nothing, and what it held is lost by number', (t) => {
    const { spool, kill, folder } = site(t);
    const first = spool();
    first.counted(5);
    first.snapshot([payload(5)]);
    writeFileSync(join(folder(), 'open-1'), '{"hits":5,"payl');
    assert.deepEqual(readPayloads(join(folder(), 'open-1'), undefined), []);
    kill();
    const { intervals, uncounted, lost } = spool('b').adopt();
    assert.deepEqual([intervals[0]?.payloads, uncounted, lost], [[], 5, 5]);
  });

  it('16 folders at a time', (t) => {
    const { spool, kill, directory } = site(t);
    for (let i = 0; i < 18; i++) spool().close([payload(1)]);
    kill();
    const mine = spool('b');
    assert.equal(mine.adopt().intervals.length, 16);
    assert.equal(mine.adopt().intervals.length, 2);
    assert.equal(listStatistics(directory).length, 1);
  });

  it('a file in its place is told once, and nothing is kept', (t) => {
    const { spool, errors, directory } = site(t);
    writeFileSync(join(directory, 'statistics'), '');
    const mine = spool();
    mine.counted(1);
    assert.equal(mine.snapshot([payload(1)]), false);
    assert.equal(mine.close([payload(1)]), undefined);
    assert.equal(errors.length, 1);
  });

  it('a folder that somebody took over while this one stood still is made anew', (t) => {
    const { spool, kill, directory, errors } = site(t);
    const mine = spool();
    mine.counted(3);
    const before = mine.close([payload(3)]);
    kill();
    assert.equal(spool('b').adopt().intervals.length, 1);
    before?.sending();
    mine.counted(2);
    assert.equal(mine.snapshot([payload(2)]), true);
    assert.equal(listStatistics(directory).length, 2);
    before?.gone();
    assert.equal(errors.length, 1);
  });
});
