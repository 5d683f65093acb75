import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { otlpRoutes } from '../../src/workbench/intake/otlp.ts';
import type { Intake } from '../../src/workbench/intake/accept.ts';
import type { ApiContext } from '../../src/workbench/api/routes.ts';
import { mainRoutes } from '../../src/workbench/workbench.ts';
import { ask, evaluationPayload, llmPayload, tracePayload, workbench } from './support.ts';

const document = readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8');
const documented = [...document.matchAll(/^ {2}(\/\S*):$/gm)].map((match) => match[1] as string);

interface Item {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly detail: { readonly meta: unknown };
  readonly event: { readonly meta: { readonly input: unknown } };
  readonly metric: { readonly score_value: number };
}
type Listing = Readonly<Record<'traces' | 'spans' | 'llmSpans' | 'evaluations', readonly Item[]>> & {
  nextCursor: string | null;
};

describe('workbench API', () => {
  it('documents every route, and routes everything that is documented', () => {
    // Templates only: no handler runs, so nothing of the context is used.
    const routes = [...mainRoutes({} as Intake, {} as ApiContext), ...otlpRoutes({} as Intake)];
    assert.deepEqual(documented.toSorted(), routes.map((route) => route.template).toSorted());
  });

  it('answers every documented path', async (t) => {
    const bench = await workbench(t);
    const bodies: Record<string, Uint8Array | string> = {
      llmobs: llmPayload(1),
      'eval-metric': evaluationPayload(1),
      traces: tracePayload(1),
    };
    for (const template of documented) {
      const path = template
        .replace('{traceId}', '0'.repeat(31) + '1')
        .replace('{evpVersion}', 'v2')
        .replace('{apiVersion}', 'v2')
        .replace('{rest}', 'a/b');
      const isPost = new RegExp(
        `^ {2}${template.replace(/[.{}]/g, '\\$&')}:\\n(?: {4}(?!get|post).*\\n)* {4}post:`,
        'm',
      ).test(document);
      const url = template === '/v1/traces' ? bench.otlpUrl : bench.datadogUrl;
      const v5 = new Uint8Array([0x92, 0x90, 0x90]);
      const body =
        template === '/v1/traces'
          ? '{}'
          : template === '/v0.5/traces'
            ? v5
            : (bodies[path.split('/').at(-1) ?? ''] ?? '{}');
      const headers: Record<string, string> =
        template === '/v1/traces' ? { 'content-type': 'application/json' } : {};
      const answer = await ask(url, path, isPost ? { body, headers } : {});
      // The empty workbench does not have the trace; that too is an answer the document names.
      const expected = template === '/api/traces/{traceId}' ? [200, 404] : [200, 202];
      assert.ok(expected.includes(answer.status), `${template}: ${answer.status} ${answer.body.toString()}`);
      const other = await ask(url, path, { method: 'DELETE' });
      assert.deepEqual([other.status, typeof other.headers.allow], [405, 'string'], template);
    }
  });

  it('lists what arrived, page by page, with the stored JSON inside', async (t) => {
    const bench = await workbench(t);
    const get = async (path: string): Promise<Listing> =>
      (await ask(bench.datadogUrl, path)).json() as Listing;
    for (let i = 0; i < 3; i += 1)
      await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(2, { error: i === 2 ? 1 : 0 }) });
    await ask(bench.datadogUrl, '/api/v2/llmobs', { body: llmPayload(2) });
    await ask(bench.datadogUrl, '/api/intake/llm-obs/v2/eval-metric', { body: evaluationPayload(2) });
    const first = await get('/api/traces?limit=2');
    assert.equal(first.traces.length, 2);
    const { traceId, ...summary } = first.traces[0] as Item;
    assert.deepEqual(summary, {
      name: 'op0',
      service: 'svc',
      resource: 'res',
      source: 'datadog',
      spans: 2,
      errors: 2,
      startMs: 1_763_800_000_000,
      durationMs: 1,
    });
    const second = await get(`/api/traces?limit=2&cursor=${first.nextCursor}`);
    assert.deepEqual([second.traces.length, second.nextCursor], [1, null]);
    const trace = await get(`/api/traces/${traceId}`);
    assert.deepEqual(
      trace.spans.map((span) => [span.name, span.detail.meta]),
      [
        ['op0', { k: 'v' }],
        ['op1', { k: 'v' }],
      ],
    );
    const rest = await get(`/api/traces/${traceId}?limit=1`);
    assert.equal(
      (await get(`/api/traces/${traceId}?limit=1&cursor=${rest.nextCursor}`)).spans[0]?.name,
      'op1',
    );
    const llm = await get('/api/llm-spans?limit=1');
    assert.deepEqual(llm.llmSpans[0]?.event.meta.input, { value: '<b>hi</b>' });
    assert.equal(llm.llmSpans[0]?.spanId, '2', 'newest first');
    assert.equal((await get('/api/evaluations')).evaluations[1]?.metric.score_value, 1);
  });

  it('joins the LLM spans of a trace by the APM trace id', async (t) => {
    const bench = await workbench(t);
    await ask(bench.datadogUrl, '/api/v2/llmobs', { body: llmPayload(2) });
    const half = BigInt(`0x${'d'.repeat(16)}`);
    const body = tracePayload(1, { trace_id: half, meta: { '_dd.p.tid': 'd'.repeat(16) } });
    await ask(bench.datadogUrl, '/v0.4/traces', { body });
    const trace = (await ask(bench.datadogUrl, `/api/traces/${'d'.repeat(32)}`)).json() as {
      llmSpans: unknown[];
    };
    assert.equal(trace.llmSpans.length, 2);
  });

  it('refuses parameters outside their bounds', async (t) => {
    const bench = await workbench(t);
    const status = async (path: string): Promise<number> => (await ask(bench.datadogUrl, path)).status;
    assert.equal(await status('/api/traces?limit=500'), 200);
    for (const query of [
      'limit=501',
      'limit=0',
      'limit=x',
      'limit=-1',
      'limit=',
      'cursor=x',
      'cursor=99999999999999999',
      'cursor=0',
    ]) {
      assert.equal(await status(`/api/traces?${query}`), 400, query);
    }
    assert.equal(await status(`/api/traces/${'0'.repeat(32)}`), 404);
    for (const id of ['x', 'A'.repeat(32), '1'.repeat(33)])
      assert.equal(await status(`/api/traces/${id}`), 400, id);
    assert.equal(await status('/api/nothing'), 404);
  });
});
