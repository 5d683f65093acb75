import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  claimDelivery,
  ownerState,
  releaseDelivery,
  renewDelivery,
  renewOwner,
} from '../../src/journal/claim.ts';
import { isAlive, LEASE_MS, ownIdentity, type Identity } from '../../src/journal/identity.ts';
import { FULL, nextLine, startFixture, tempDir } from './support.ts';

const self = ownIdentity();
const NOBODY: Identity = { ...self, pid: 2 ** 22 + 1, startTicks: '1', thread: '' };
const fixture = new URL('./fixtures/claimer.ts', import.meta.url);

function claims(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^deliverer-\d/.test(name));
}

function forge(folder: string, holder: Identity, number = 1, ageMs = 0): void {
  const file = join(folder, `deliverer-${String(number).padStart(6, '0')}.json`);
  writeFileSync(file, JSON.stringify({ ...holder, instance: 'theirs' }));
  const at = new Date(Date.now() - ageMs);
  utimesSync(file, at, at);
}

function own(folder: string, holder: Identity, ageMs = 0): void {
  const file = join(folder, 'owner.json');
  writeFileSync(file, JSON.stringify(holder));
  const at = new Date(Date.now() - ageMs);
  utimesSync(file, at, at);
}

test('L12: of many processes that claim at once exactly one gets it, round after round', async (t) => {
  const rounds = FULL ? 200 : 20;
  const directory = tempDir(t);
  const children = Array.from({ length: 6 }, () => startFixture(t, fixture));
  const say = (text: string): void => children.forEach((child) => child.stdin!.write(`${text}\n`));
  await Promise.all(children.map(nextLine));
  for (let round = 0; round < rounds; round++) {
    const folder = join(directory, `w-${round}`);
    const built = `${folder}.draft`;
    mkdirSync(built);
    // Every other round there is somebody to replace.
    if (round % 2 === 1) forge(built, NOBODY, round);
    const answers = children.map(nextLine);
    say(folder);
    renameSync(built, folder); // They spin until it is there.
    const won = (await Promise.all(answers)).filter((answer) => answer === 'true').length;
    assert.equal(won, 1, `round ${round}: ${won} claimed it`);
    assert.equal(claims(folder).length, 1);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('draft')),
      [],
    );
  }
});

test('L12: a holder that is killed is replaced; one that lives keeps it', async (t) => {
  const folder = tempDir(t);
  const child = startFixture(t, fixture);
  await nextLine(child);
  const answer = nextLine(child);
  child.stdin!.write(`${folder}\n`);
  assert.equal(await answer, 'true');
  assert.equal(claimDelivery(folder, 'mine'), false);
  assert.equal(renewDelivery(folder, 'mine'), false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(claimDelivery(folder, 'mine'), true);
  assert.equal(claimDelivery(folder, 'mine'), true, 'it is ours: asking again changes nothing');
  assert.deepEqual(claims(folder), ['deliverer-000002.json']);
});

test('L12: two deliverers in one thread do not both hold it; what is given back can be taken', (t) => {
  const folder = tempDir(t);
  assert.equal(claimDelivery(folder, 'one'), true);
  assert.equal(claimDelivery(folder, 'two'), false);
  releaseDelivery(folder, 'two');
  assert.equal(renewDelivery(folder, 'one'), true, 'only the holder can give it back');
  releaseDelivery(folder, 'one');
  assert.equal(renewDelivery(folder, 'one'), false);
  assert.deepEqual(
    claims(folder),
    ['deliverer-000001.json'],
    'the number stays taken: a late claimant must not pass',
  );
  assert.equal(claimDelivery(folder, 'two'), true);
  assert.equal(claimDelivery(folder, 'one'), false);
});

test('L12: a pid that was used again holds nothing: its start differs', (t) => {
  const folder = tempDir(t);
  forge(folder, { ...self, startTicks: `${Number(self.startTicks) - 1}` });
  assert.equal(claimDelivery(folder, 'mine'), true);
  assert.equal(isAlive(self, Number.POSITIVE_INFINITY), true, 'in one process table its age says nothing');
  assert.equal(isAlive(NOBODY, 0), false);
});

test('L12: a holder of another boot, PID namespace or machine is judged by the age of its lease', (t) => {
  for (const elsewhere of [
    { ...self, bootId: 'another boot' },
    { ...self, pidNamespace: 'pid:[1]' },
    { ...self, host: 'another-machine' },
  ]) {
    const folder = tempDir(t);
    forge(folder, elsewhere, 1, LEASE_MS - 5000);
    assert.equal(claimDelivery(folder, 'mine'), false, 'its lease is fresh');
    forge(folder, elsewhere, 1, LEASE_MS + 1000);
    assert.equal(claimDelivery(folder, 'mine'), true, 'its lease has run out');
    assert.deepEqual(claims(folder), ['deliverer-000002.json']);
  }
});

test('L12: who was taken over while it slept finds out', (t) => {
  const folder = tempDir(t);
  claimDelivery(folder, 'mine');
  forge(folder, { ...self, pidNamespace: 'pid:[1]' }, 2);
  assert.equal(renewDelivery(folder, 'mine'), false);
  releaseDelivery(folder, 'mine');
  assert.equal(claimDelivery(folder, 'mine'), false);
  rmSync(folder, { recursive: true });
  assert.equal(renewDelivery(folder, 'mine'), false);
  assert.equal(claimDelivery(folder, 'mine'), false, 'the folder is gone: it was delivered');
});

test('a claim that is not whole yet is somebody at work, for a while', (t) => {
  const folder = tempDir(t);
  const file = join(folder, 'deliverer-000001.json');
  writeFileSync(file, '');
  assert.equal(claimDelivery(folder, 'mine'), false);
  const old = new Date(Date.now() - LEASE_MS - 1000);
  utimesSync(file, old, old);
  assert.equal(claimDelivery(folder, 'mine'), true);
});

test('who writes: this process, another that lives, one that is gone, a thread that ended', async (t) => {
  const folder = tempDir(t);
  assert.equal(ownerState(folder), 'dead', 'nobody');
  own(folder, self);
  assert.equal(ownerState(folder), 'self');
  own(folder, NOBODY);
  assert.equal(ownerState(folder), 'dead');
  own(folder, { ...self, pidNamespace: 'pid:[1]' }, LEASE_MS - 5000);
  assert.equal(ownerState(folder), 'alive');
  own(folder, { ...self, pidNamespace: 'pid:[1]' }, LEASE_MS + 1000);
  assert.equal(ownerState(folder), 'expired');
  assert.equal(renewOwner(folder), true);
  assert.equal(ownerState(folder), 'alive', 'its lease was renewed');
  writeFileSync(join(folder, 'owner.json'), '{"pid":1}');
  assert.equal(ownerState(folder), 'dead', 'not an owner of ours');

  const worker = new Worker(new URL('./fixtures/identity-worker.ts', import.meta.url));
  const [identity] = (await once(worker, 'message')) as [Identity];
  assert.notEqual(identity.thread, self.thread);
  own(folder, identity);
  assert.equal(ownerState(folder), 'self', 'a thread of ours');
  await worker.terminate();
  assert.equal(ownerState(folder), 'dead', 'the process lives, the thread does not');
});
