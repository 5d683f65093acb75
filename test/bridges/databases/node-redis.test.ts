import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'redis';
import { nodeRedisAdapter } from '../../../src/bridges/databases/node-redis.ts';
import { limit, startRedis } from './redis-server.ts';

function create(port: number) {
  const client = createClient({ RESP: 2, disableClientInfo: true, socket: { host: '127.0.0.1', port } });
  client.on('error', () => undefined);
  return client;
}

test('one that is not open is left alone: its own close() rejects', async () => {
  const client = create(1);
  await assert.rejects(client.close(), /closed/);
  await nodeRedisAdapter(client)?.close(limit());
});

test('it waits for the replies of what was sent; a second close is no error', async (t) => {
  const { port } = await startRedis(t);
  const client = create(port);
  await client.connect();
  const set = client.set('key', 'value');
  await nodeRedisAdapter(client)?.close(limit());
  assert.equal(await set, 'OK');
  assert.equal(client.isOpen, false);
  await nodeRedisAdapter(client)?.close(limit());
});

test('one that is blocked is cut at the limit', async (t) => {
  const { port } = await startRedis(t);
  const client = create(port);
  await client.connect();
  const blocked = assert.rejects(client.blPop('key', 0));
  const time = limit();
  const closing = nodeRedisAdapter(client)?.close(time);
  time.pass();
  await assert.rejects(async () => closing, /time is up/);
  await blocked;
});

test('version 4, with quit and disconnect', async () => {
  const said: string[] = [];
  const idle = (): undefined => undefined;
  const client = {
    isOpen: true,
    sendCommand: idle,
    connect: idle,
    multi: idle,
    quit: async () => void said.push('quit'),
    disconnect: async () => void said.push('disconnect'),
  };
  await nodeRedisAdapter(client)?.close(limit());
  assert.deepEqual(said, ['quit']);
  const hanging = { ...client, quit: () => new Promise(() => undefined) };
  const time = limit();
  const closing = nodeRedisAdapter(hanging)?.close(time);
  time.pass();
  await assert.rejects(async () => closing, /time is up/);
  assert.deepEqual(said, ['quit', 'disconnect']);
});
