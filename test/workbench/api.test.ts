import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { otlpRoutes } from '../../src/workbench/intake/otlp.ts';
import type { Intake } from '../../src/workbench/intake/accept.ts';
import type { HouseContext } from '../../src/workbench/api/house.ts';
import type { Live } from '../../src/workbench/api/live.ts';
import { mainRoutes } from '../../src/workbench/workbench.ts';
import { encode } from '@msgpack/msgpack';
import { parse } from 'yaml';
import { ask, evaluationPayload, llmPayload, tracePayload, workbench } from './support.ts';

const document = readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8');
interface Operation {
  readonly tags?: readonly string[];
}
const { paths } = parse(document) as { paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };
/** The paths of the page belong to the page. */
const documented = Object.keys(paths).filter(
  (path) => !Object.values(paths[path] ?? {}).some(({ tags }) => tags?.includes('page')),
);

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
    const live = {
      route: { template: '/api/live', methods: [], handle: () => assert.fail() },
    } as unknown as Live;
    const routes = [...mainRoutes({} as Intake, {} as HouseContext, live), ...otlpRoutes({} as Intake)];
    assert.deepEqual(documented.toSorted(), routes.map((route) => route.template).toSorted());
  });

  it('answers every documented path, and refuses every other method on it', async (t) => {
    const bench = await workbench(t);
    await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(1, { trace_id: 1, span_id: 1 }) });
    const json = { 'content-type': 'application/json' };
    const bodies: Readonly<Record<string, Uint8Array | string>> = {
      llmobs: llmPayload(1),
      'eval-metric': evaluationPayload(1),
      traces: tracePayload(1),
      stats: encode({ Stats: [] }),
      logs: '{"msg":"hi"}',
      import:
        '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"' +
        'a'.repeat(32) +
        '","spanId":"' +
        'b'.repeat(16) +
        '"}]}]}]}',
    };
    const special: Readonly<Record<string, Uint8Array | string>> = {
      '/v1/traces': '{}',
      '/v1/logs': '{}',
      '/api/checklist': '{"checklist":[]}',
      '/v0.5/traces': new Uint8Array([0x92, 0x90, 0x90]),
    };
    for (const template of documented) {
      const path = template
        .replace('{traceId}', '0'.repeat(31) + '1')
        .replace('{spanId}', '0'.repeat(15) + '1')
        .replace('{evpVersion}', 'v2')
        .replace('{apiVersion}', 'v2')
        .replace('{rest}', 'a/b');
      const methods = ['get', 'post'].filter((method) => paths[template]?.[method] !== undefined);
      assert.ok(methods.length > 0, template);
      const isOtlp = template.startsWith('/v1/') && template !== '/v1/input';
      const url = isOtlp ? bench.otlpUrl : bench.datadogUrl;
      for (const method of template === '/api/live' ? [] : methods) {
        const body = special[template] ?? bodies[path.split('/').at(-1) ?? ''] ?? '{}';
        const query = template === '/api/resolve' ? '?id=1' : '';
        const answer = await ask(
          url,
          path + query,
          method === 'post' ? { body, headers: isOtlp ? json : {} } : {},
        );
        assert.ok(
          [200, 202].includes(answer.status),
          `${method} ${template}: ${answer.status} ${answer.body.toString()}`,
        );
      }
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
    const first = await get('/api/traces?limit=2&q=op0');
    assert.equal(first.traces.length, 2);
    const { traceId, ...summary } = first.traces[0] as Item;
    assert.deepEqual(summary, {
      name: 'op0',
      service: 'svc',
      resource: 'res',
      source: 'datadog',
      status: 'error',
      spans: 2,
      evictedSpans: 0,
      errors: 2,
      roots: 1,
      llmSpans: 0,
      evaluations: 0,
      tokens: null,
      costUsd: null,
      costPartial: false,
      startMs: 1_763_800_000_000,
      durationMs: 1,
    });
    const second = await get(`/api/traces?limit=2&q=op0&cursor=${first.nextCursor}`);
    assert.deepEqual([second.traces.length, second.nextCursor], [1, null]);
    const trace = await get(`/api/traces/${traceId}?detail=1`);
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
