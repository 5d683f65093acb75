import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { claimDelivery, releaseDelivery } from '../../src/journal/claim.ts';
import { OutcomeLog } from '../../src/journal/outcomes.ts';
import { readUpstreamNote, UpstreamNote } from '../../src/journal/upstream-note.ts';
import { BesideOutcomes, LOOK_BYTES } from '../../src/pipeline/beside-outcomes.ts';
import type { JournalHome } from '../../src/pipeline/open-journal.ts';

function site(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'keepspan-beside-'));
  const homeOf = (writerId: string): JournalHome => {
    mkdirSync(join(directory, writerId));
    return { directory, writerId, lifetime: 'node' };
  };
  const told = { nobody: 0, errors: 0 };
  const now = { home: homeOf('w-1'), isReadable: true };
  const beside = new BesideOutcomes({
    home: () => now.home,
    isReadable: () => now.isReadable,
    onNobody: () => (told.nobody += 1),
    onError: () => (told.errors += 1),
  });
  t.after(() => {
    beside.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return { directory, beside, told, now, homeOf, folder: join(directory, 'w-1') };
}

function deliver(folder: string, n: number): void {
  const log = new OutcomeLog(join(folder, 'outcomes.jsonl'));
  for (let i = 1; i <= n; i++) log.resolve('spans', { segment: 0, offset: i, signals: i }, { delivered: 1 });
  log.close();
}

describe('what somebody beside a process has delivered', () => {
  it('is known after a look, and not read when it is asked for', (t) => {
    const { beside, folder } = site(t);
    assert.deepEqual(beside.outcomes('spans'), {});
    deliver(folder, 3);
    assert.deepEqual(beside.outcomes('spans'), {});
    beside.look();
    assert.deepEqual(beside.outcomes('spans'), { delivered: 3 });
    assert.deepEqual(beside.outcomes('evaluations'), {});
  });

  it('a long log is read in pieces by looks, and whole at the end of a process', (t) => {
    const { beside, folder } = site(t);
    const lines = 3000;
    deliver(folder, lines);
    beside.look();
    assert.ok(lines * 60 > LOOK_BYTES);
    assert.deepEqual(beside.outcomes('spans'), {});
    beside.catchUp();
    assert.deepEqual(beside.outcomes('spans'), { delivered: lines });
  });

  it('a journal that goes on in another folder begins anew', (t) => {
    const { beside, folder, now, homeOf } = site(t);
    deliver(folder, 3);
    beside.look();
    now.home = homeOf('w-2');
    assert.deepEqual(beside.outcomes('spans'), {});
    beside.look();
    assert.deepEqual(beside.outcomes('spans'), {});
  });

  it('a disk that does not answer is left alone; what cannot be read is told', (t) => {
    const { beside, folder, now, told } = site(t);
    deliver(folder, 3);
    now.isReadable = false;
    beside.look();
    assert.deepEqual(beside.outcomes('spans'), {});
    now.isReadable = true;
    rmSync(join(folder, 'outcomes.jsonl'));
    mkdirSync(join(folder, 'outcomes.jsonl'));
    beside.look();
    assert.equal(told.errors, 1);
  });

  it('upstream that refuses is known while it does', (t) => {
    const { beside, folder } = site(t);
    const note = new UpstreamNote(folder);
    note.tell({ kind: 'spans', status: 'delivering' });
    assert.ok(!existsSync(join(folder, 'upstream.json')));
    note.tell({ kind: 'spans', status: 'held', httpStatus: 403 });
    note.tell({ kind: 'llmSpans', status: 'retrying', error: 'ECONNREFUSED' });
    beside.look();
    assert.deepEqual(beside.upstream(), [
      { kind: 'spans', status: 'held', httpStatus: 403 },
      { kind: 'llmSpans', status: 'retrying', error: 'ECONNREFUSED' },
    ]);
    note.tell({ kind: 'spans', status: 'delivering' });
    note.tell({ kind: 'llmSpans', status: 'idle' });
    beside.look();
    assert.deepEqual(beside.upstream(), []);
    note.tell({ kind: 'spans', status: 'held', httpStatus: 403 });
    // Of a deliverer that is gone; the next one knows nothing of it.
    assert.deepEqual(Object.keys(readUpstreamNote(folder)), ['spans']);
    new UpstreamNote(folder);
    assert.deepEqual(readUpstreamNote(folder), {});
    writeFileSync(join(folder, 'upstream.json'), '{"spans":{"kind":"spans","stat');
    assert.deepEqual(readUpstreamNote(folder), {});
  });

  it('that nobody delivers is told once, after two looks for somebody', (t) => {
    const { beside, folder, told } = site(t);
    const look = (times: number) => {
      for (let i = 0; i < times; i++) beside.look();
    };
    look(9);
    assert.equal(beside.isDelivered(), undefined);
    look(1);
    assert.deepEqual([beside.isDelivered(), told.nobody], [false, 0]);
    look(10);
    assert.deepEqual([beside.isDelivered(), told.nobody], [false, 1]);
    const instance = randomUUID();
    assert.ok(claimDelivery(folder, instance));
    look(10);
    assert.equal(beside.isDelivered(), true);
    releaseDelivery(folder, instance);
    look(20);
    assert.deepEqual([beside.isDelivered(), told.nobody], [false, 1]);
  });
});
