import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { pgClientAdapter, pgPoolAdapter } from '../../../src/bridges/databases/pg.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };

test('recognises the real Pool and Client, each by its own adapter', () => {
  const pool = new pg.Pool();
  const client = new pg.Client();
  assert.deepEqual([pgPoolAdapter(pool)?.phase, pgPoolAdapter(pool)?.name], ['pools', 'pg pool']);
  assert.deepEqual([pgClientAdapter(client)?.phase, pgClientAdapter(client)?.name], ['pools', 'pg client']);
  for (const other of [client, {}, null, undefined, 'x']) assert.equal(pgPoolAdapter(other), undefined);
  for (const other of [pool, {}, null, undefined, 'x']) assert.equal(pgClientAdapter(other), undefined);
});

test('a pool ends', async () => {
  const pool = new pg.Pool();
  await pgPoolAdapter(pool)?.close(patient);
  assert.equal(pool.ended, true);
});

test('a pool that the application has ended, or is ending, is no error', async () => {
  const pool = new pg.Pool();
  await pool.end();
  await assert.rejects(pool.end(), /more than once/, 'what pg itself says');
  await pgPoolAdapter(pool)?.close(patient);
});

test('a pool that the application is ending is waited for, until the limit', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const ending = Object.assign(new pg.Pool(), { ending: true });
  let isClosed = false;
  const closing = Promise.resolve(pgPoolAdapter(ending)?.close(patient)).then(() => (isClosed = true));
  t.mock.timers.tick(1_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, false);
  Object.assign(ending, { ended: true });
  t.mock.timers.tick(25);
  await closing;
  const late = Object.assign(new pg.Pool(), { ending: true });
  const closingLate = pgPoolAdapter(late)?.close({ remainingMs: 0, signal: AbortSignal.abort() });
  t.mock.timers.tick(25);
  await closingLate;
});

test('a client that never connected ends', async () => {
  await pgClientAdapter(new pg.Client())?.close(patient);
});
