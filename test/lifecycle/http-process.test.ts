import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { start } from './child.ts';

function fetchText(
  port: number,
  path: string,
  agent: Agent,
): Promise<{ text: string; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ text, headers: response.headers }));
      response.on('error', reject);
    }).on('error', reject);
  });
}

test('SIGTERM with a request in flight and keep-alive clients: it is answered, then the later phases run', async (t) => {
  const child = start(t, 'http-server.ts');
  const port = Number((await child.says(/^up (\d+)/))[1]);
  const idle = new Agent({ keepAlive: true });
  const busy = new Agent({ keepAlive: true });
  t.after(() => {
    idle.destroy();
    busy.destroy();
  });
  await fetchText(port, '/', idle);
  await fetchText(port, '/', busy);
  const slow = fetchText(port, '/slow', busy);
  await child.says(/in flight/);
  child.kill('SIGTERM');
  const answer = await slow;
  assert.equal(answer.text, 'slow');
  assert.equal(answer.headers.connection, 'close');
  const { code, lines, tookMs } = await child.ended;
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(0, 7), [
    'flush',
    'answered',
    'server closed',
    'producer',
    'pool',
    'flush',
    'deliver',
  ]);
  assert.match(lines[7] ?? '', /http server=ok/);
  assert.ok(tookMs < 4_000, `${tookMs} ms: the keep-alive timeout of 5 s was not waited for`);
});

test('a CommonJS application is shut down the same way', async (t) => {
  const child = start(t, 'commonjs.cjs');
  await child.says(/^up \d+/);
  child.kill('SIGTERM');
  const { code, lines } = await child.ended;
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(0, 5), ['flush', 'server closed', 'pool', 'flush', 'deliver']);
});
