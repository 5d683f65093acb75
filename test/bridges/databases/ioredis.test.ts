import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { ioredisAdapter } from '../../../src/bridges/databases/ioredis.ts';
import { limit, startRedis } from './redis-server.ts';

const plain = { host: '127.0.0.1', enableReadyCheck: false, disableClientInfo: true, protocol: 2 } as const;

test('a client that never connected ends without connecting', async (t) => {
  const { port, commands } = await startRedis(t);
  const client = new Redis({ ...plain, port, lazyConnect: true });
  await ioredisAdapter(client)?.close(limit());
  await once(client, 'end');
  assert.deepEqual(commands, []);
  await ioredisAdapter(client)?.close(limit());
});

test('it says QUIT after what was sent; a second close is no error', async (t) => {
  const { port, commands } = await startRedis(t);
  const client = new Redis({ ...plain, port });
  const set = client.set('key', 'value');
  await ioredisAdapter(client)?.close(limit());
  assert.equal(await set, 'OK');
  assert.deepEqual(commands.slice(-2), ['SET', 'QUIT']);
  await ioredisAdapter(client)?.close(limit());
});

test('one that is blocked is cut at the limit', async (t) => {
  const { port } = await startRedis(t);
  const client = new Redis({ ...plain, port });
  client.on('error', () => undefined);
  await once(client, 'ready');
  const blocked = assert.rejects(client.blpop('key', 0));
  const time = limit();
  const closing = ioredisAdapter(client)?.close(time);
  time.pass();
  await assert.rejects(async () => closing, /time is up/);
  await blocked;
  assert.equal(client.status, 'end');
});
