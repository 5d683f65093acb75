import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { countHttpRequests, leaveOut } from '../../../src/pipeline/watch/requests.ts';

async function listening(t: TestContext): Promise<Server> {
  const server = createServer((_request, response) => void response.end()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return server;
}

async function ask(server: Server): Promise<void> {
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
  response.resume();
  await once(response, 'end');
}

describe('requests of this process', () => {
  it('counts those that were answered, from when it is first asked, without those of servers left out', async (t) => {
    const finished = channel('http.server.response.finish');
    const [server, own] = [await listening(t), await listening(t)];
    leaveOut(own);
    const requests = countHttpRequests();
    assert.equal(finished.hasSubscribers, false);
    await ask(server);
    assert.equal(requests.count(), 0);
    await ask(server);
    await ask(own);
    await ask(server);
    assert.equal(requests.count(), 2);
    requests.stop();
    assert.equal(finished.hasSubscribers, false);
  });

  it('one that is still at work is not counted', async (t) => {
    const requests = countHttpRequests();
    t.after(requests.stop);
    assert.equal(requests.count(), 0);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const asked = once(server, 'request');
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    request.on('error', () => undefined); // It is cut below.
    await asked;
    assert.equal(requests.count(), 0);
    server.closeAllConnections();
    server.close();
  });
});
