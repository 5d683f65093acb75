import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildApi } from '../../examples/extraction/service/api.ts';
import type { PackageDocument } from '../../examples/extraction/service/documents.ts';
import { WorkQueue } from '../../examples/extraction/service/queue.ts';
import { ResultStore } from '../../examples/extraction/service/results.ts';

const DOCUMENT: PackageDocument = {
  id: '@scope/pkg',
  readme: 'r',
  license: '',
  manifest: { name: '@scope/pkg', n: { a: 1 } },
};

function build(work: (document: PackageDocument) => Promise<void>, maxQueued = 10) {
  const results = new ResultStore(10);
  const queue = new WorkQueue<PackageDocument>({ concurrency: 1, maxQueued, work, onError: () => {} });
  return { results, queue, api: buildApi({ queue, results, counts: () => ({ done: 7 }) }) };
}

describe('the API of the extraction service', () => {
  it('takes a document whole, and hands out its result once there is one', async () => {
    const seen: PackageDocument[] = [];
    const { api, results, queue } = build(async (document) => void seen.push(document));
    const accepted = await api.inject({ method: 'POST', url: '/extract', payload: { document: DOCUMENT } });
    assert.equal(accepted.statusCode, 202);
    const url = `/documents/${encodeURIComponent(DOCUMENT.id)}/result`;
    assert.equal((await api.inject({ url })).statusCode, 202);
    assert.deepEqual(seen, [DOCUMENT]);

    const waiting = api.inject({ url: `${url}?waitMs=5000` });
    const result = { id: DOCUMENT.id, fields: [], durationMs: 1 };
    results.set(DOCUMENT.id, { status: 'done', result });
    const reply = await waiting;
    assert.equal(reply.statusCode, 200);
    assert.deepEqual(reply.json(), { status: 'done', result });
    assert.equal((await api.inject({ url: '/documents/other/result' })).statusCode, 404);
    await queue.stop();
    await api.close();
  });

  it('refuses what is no document, and any when it is full or stopping', async () => {
    const gate = Promise.withResolvers<void>();
    const { api, queue } = build(() => gate.promise, 1);
    const post = (document: unknown) =>
      api.inject({ method: 'POST', url: '/extract', payload: { document } });
    assert.equal((await post({ id: 'x' })).statusCode, 400);
    assert.equal((await post({ ...DOCUMENT, id: '' })).statusCode, 400);
    assert.equal((await post({ ...DOCUMENT, id: 'a' })).statusCode, 202);
    assert.equal((await post({ ...DOCUMENT, id: 'b' })).statusCode, 202);
    const refused = await post({ ...DOCUMENT, id: 'c' });
    assert.deepEqual([refused.statusCode, refused.json()], [503, { error: 'queue full' }]);
    assert.equal((await api.inject({ url: '/documents/c/result' })).statusCode, 404);
    const stopped = queue.stop();
    assert.deepEqual((await post({ ...DOCUMENT, id: 'd' })).json(), { error: 'queue stopped' });
    gate.resolve();
    await stopped;
    await api.close();
  });

  it('reports its health with the state of the queue', async () => {
    const { api, queue } = build(async () => {});
    const health = await api.inject({ url: '/health' });
    assert.deepEqual(health.json(), { status: 'ok', waiting: 0, running: 0, done: 7 });
    await queue.stop();
    await api.close();
  });
});
