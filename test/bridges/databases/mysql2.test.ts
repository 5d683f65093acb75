import assert from 'node:assert/strict';
import { test } from 'node:test';
import mysql from 'mysql2';
import { mysqlConnectionAdapter, mysqlPoolAdapter } from '../../../src/bridges/databases/mysql2.ts';

const patient = { remainingMs: 60_000, signal: new AbortController().signal };

interface Internals {
  readonly _allConnections: { push(connection: object): void };
  readonly _freeConnections: { push(connection: object): void };
}

/** A real pool with one connection that is in use, as far as the pool knows. */
function createPool() {
  const pool = mysql.createPool({ host: '127.0.0.1', port: 1 });
  const ended: string[] = [];
  const connection = {
    _realEnd: (done: () => void) => {
      ended.push('end');
      done();
    },
  };
  const { _allConnections, _freeConnections } = pool as unknown as Internals;
  _allConnections.push(connection);
  return { pool, ended, release: () => _freeConnections.push(connection) };
}

for (const flavour of ['callbacks', 'promises'] as const) {
  test(`a pool ends when what is in use is back (${flavour})`, async () => {
    const { pool, ended, release } = createPool();
    const resource = flavour === 'promises' ? pool.promise() : pool;
    const closing = Promise.resolve(mysqlPoolAdapter(resource)?.close(patient));
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(ended, []);
    release();
    await closing;
    assert.deepEqual(ended, ['end']);
    await mysqlPoolAdapter(resource)?.close(patient);
    assert.deepEqual(ended, ['end'], 'a second close is none');
  });
}

test('a pool whose connection is never given back ends after half of the time', async () => {
  const { pool, ended } = createPool();
  await mysqlPoolAdapter(pool)?.close({ ...patient, remainingMs: 100 });
  assert.deepEqual(ended, ['end']);
});

test('a connection ends once, with callbacks and promises', async () => {
  for (const flavour of ['callbacks', 'promises'] as const) {
    const ends: string[] = [];
    const idle = (): undefined => undefined;
    const core = {
      _closing: false,
      query: idle,
      execute: idle,
      beginTransaction: idle,
      changeUser: idle,
      promise: idle,
      end(done: () => void) {
        ends.push('end');
        core._closing = true;
        done();
      },
    };
    const wrapper = { ...core, promise: undefined, connection: core };
    const resource = flavour === 'promises' ? wrapper : core;
    await mysqlConnectionAdapter(resource)?.close(patient);
    await mysqlConnectionAdapter(resource)?.close(patient);
    assert.deepEqual(ends, ['end']);
  }
});
