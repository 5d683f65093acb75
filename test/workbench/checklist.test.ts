import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, workbench } from './support.ts';

const ROW = {
  id: 'KS-LOAD-001',
  section: 'Initial setup',
  line: 'a line',
  status: 'pass',
  evidence: ['seen'],
};

describe('the checklist of the workbench', () => {
  it('is what was given last, else that of who started it', async (t) => {
    const bench = await workbench(t, { checklist: () => [{ ...ROW, line: 'of who started it' }] });
    const shown = async (): Promise<unknown> => (await ask(bench.datadogUrl, '/api/checklist')).json();
    const give = (body: string, headers = {}) => ask(bench.datadogUrl, '/api/checklist', { body, headers });
    assert.deepEqual(await shown(), { checklist: [{ ...ROW, line: 'of who started it' }] });
    const taken = await give(JSON.stringify({ checklist: [ROW] }));
    assert.deepEqual([taken.status, taken.json()], [202, { accepted: 1 }]);
    assert.deepEqual(await shown(), { checklist: [ROW] });

    for (const [status, body] of [
      [400, '{'],
      [400, '[]'],
      [400, '{"checklist":{}}'],
      [400, '{"checklist":["text"]}'],
      [413, JSON.stringify({ checklist: Array.from({ length: 201 }, () => ROW) })],
      [413, JSON.stringify({ checklist: [{ line: 'x'.repeat(600_000) }] })],
      [413, '['.repeat(5_000)],
    ] as const)
      assert.equal((await give(body)).status, status, body.slice(0, 40));
    assert.equal((await give('{}', { origin: 'http://elsewhere.example' })).status, 403);
    assert.deepEqual(await shown(), { checklist: [ROW] }, 'what was good stays');
  });
});
