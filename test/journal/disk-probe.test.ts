import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDiskProbe, type ProbeAnswer } from '../../src/journal/disk-probe.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { FakeClock, tempDir } from './support.ts';

function asked(folder: string, options: { sync?: boolean; clock?: FakeClock } = {}): Promise<ProbeAnswer> {
  const { promise, resolve } = Promise.withResolvers<ProbeAnswer>();
  createDiskProbe(options.clock ?? systemClock, options.sync ?? false)(folder, 300_000, resolve);
  return promise;
}

for (const sync of [false, true]) {
  test(`a probe says how long its bytes took and leaves nothing; sync ${sync}`, async (t) => {
    const folder = tempDir(t);
    const clock = new FakeClock();
    const answer = asked(folder, { sync, clock });
    clock.ms = 7;
    assert.deepEqual(await answer, { tookMs: 7 });
    assert.deepEqual(readdirSync(folder), []);
  });
}

test('a probe that the disk holds up holds up nobody', async (t) => {
  const folder = tempDir(t);
  const pipe = join(folder, 'probe');
  execFileSync('mkfifo', [pipe]); // Opening it to write waits for a reader.
  let answered = false;
  const answer = asked(folder).finally(() => {
    answered = true;
  });
  for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
  assert.equal(answered, false);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(reader));
  assert.deepEqual(await answer, { code: 'ESPIPE' }, 'and no pipe is written to');
});

test('a probe says the code of what the disk refuses, and follows no link', async (t) => {
  const folder = tempDir(t);
  assert.deepEqual(await asked(join(folder, 'gone')), { code: 'ENOENT' });
  writeFileSync(join(folder, 'victim'), 'text');
  symlinkSync(join(folder, 'victim'), join(folder, 'probe'));
  assert.deepEqual(await asked(folder), { code: 'ELOOP' });
  assert.equal(statSync(join(folder, 'victim')).size, 4);
  mkdirSync(join(folder, 'other', 'probe'), { recursive: true });
  assert.deepEqual(await asked(join(folder, 'other')), { code: 'EISDIR' });
});
