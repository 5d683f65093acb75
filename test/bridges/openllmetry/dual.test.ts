import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OtlpSpan } from '../../matrix/support/otlp-reader.ts';
import type { ApmSpan, World } from '../../matrix/support/world.ts';
import { createSite, recordOf } from './support.ts';

/** Each of these processes loads both libraries: `npm test` has one, the full run all. */
const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';

const models = (spans: readonly OtlpSpan[]) =>
  spans
    .filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat')
    .map(({ attributes }) => attributes['gen_ai.request.model']);
const llm = ({ events }: World) => events.filter(({ meta }) => meta['span.kind'] === 'llm');
const llmModels = (world: World) =>
  llm(world)
    .map(({ meta }) => meta.model_name ?? '')
    .sort((a, b) => a.localeCompare(b));
const hex = (id: bigint | number) => id.toString(16).padStart(16, '0');

function apmParent(world: World, child: ApmSpan): ApmSpan | undefined {
  return world.apm.find(({ span_id: id }) => id === child.parent_id);
}

describe('stack dual', { concurrency: 2 }, () => {
  it('one trace over both streams, framework spans as a tree, each call once in each', async (t) => {
    const { world, run } = await createSite(t);
    const { code, stdout, stderr } = await run('program.mjs', ['tree'], { TRACELOOP_HEADERS: 'x-key=1' });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '');
    assert.deepEqual(llmModels(world), ['m-chain', 'm-direct']);
    assert.deepEqual(models(world.otlp), ['m-chain']);
    const traces = new Set([
      ...world.otlp.map(({ traceId }) => traceId),
      ...world.events.map(({ _dd }) => _dd['apm_trace_id']),
    ]);
    assert.equal(traces.size, 1, JSON.stringify([...traces]));

    const chat = world.otlp.find(({ name }) => name.startsWith('chat'))!;
    const chain = world.otlp.find(({ spanId }) => spanId === chat.parentSpanId)!;
    assert.match(chain.name, /RunnableSequence/);
    const above = world.apm.find(({ span_id: id }) => hex(id) === chain.parentSpanId)!;
    assert.equal(above.name, 'langchain.request');
    const direct = world.apm.find((span) => span.name === 'openai.request' && span.resource)!;
    assert.ok(apmParent(world, direct));

    assert.equal(world.otlpHeaders[0]?.['x-key'], '1');
    assert.deepEqual(
      world.apm.filter(({ meta }) => meta['http.url']?.includes('/v1/traces')),
      [],
    );
    const record = recordOf(stderr, 'observability_initialized');
    assert.equal(record['stack'], 'dual');
    assert.equal(record['ddtrace'], true);
    assert.equal(record['openllmetry'], true);
    assert.deepEqual(record['frameworks'], {
      seam: 'span-processor',
      libraries: ['langchain', 'llamaindex'],
    });
    const { ledger } = recordOf(stderr, 'observability_shutdown') as {
      ledger: { llmSpans: { created: number; delivered: number; unaccounted: number } };
    };
    // Two and the workflow, LangChain's two workflows; of the framework stream prompt, chain and chat.
    assert.equal(ledger.llmSpans.created, world.events.length + world.otlp.length);
    assert.equal(ledger.llmSpans.delivered, ledger.llmSpans.created);
    assert.equal(ledger.llmSpans.unaccounted, 0);
  });

  if (!FULL) return;

  it("provider spans hang below OpenLLMetry's own where those are the outer ones, in both backends", async (t) => {
    const { world, run } = await createSite(t);
    const { code, stderr } = await run('program.mjs', ['theirs'], { DD_TRACE_OTEL_ENABLED: 'true' });
    assert.equal(code, 0, stderr);
    const task = world.otlp.find(({ name }) => name === 'inner.task')!;
    const root = world.otlp.find(({ spanId }) => spanId === task.parentSpanId)!;
    assert.equal(root.name, 'theirs.workflow');
    assert.equal(root.parentSpanId, '');
    assert.equal(llm(world)[0]?._dd['apm_trace_id'], root.traceId);
    const request = world.apm.find(({ name }) => name === 'openai.request')!;
    const inner = apmParent(world, request)!;
    assert.deepEqual([inner.name, inner.resource], ['openllmetry.span', 'inner.task']);
    assert.equal(apmParent(world, inner)?.resource, 'theirs.workflow');
    assert.equal(hex(apmParent(world, inner)!.parent_id), root.spanId);
  });

  it("an application's own initialize() changes nothing", async (t) => {
    const { world, run } = await createSite(t);
    // A path that would stand there twice is taken off, and said.
    const { code, stderr } = await run('program.mjs', ['again'], {
      TRACELOOP_BASE_URL: `${world.url}/v1/traces`,
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /KS-SETTINGS-015/);
    assert.deepEqual(models(world.otlp), ['m-chain']);
    assert.deepEqual(llmModels(world), ['m-chain', 'm-direct']);
  });

  it('custody evaluations: its own exporter sends, and that is not traced', async (t) => {
    const { world, run } = await createSite(t);
    const { code, stderr } = await run('program.mjs', ['theirs'], { KEEPSPAN_CUSTODY: 'evaluations' });
    assert.equal(code, 0, stderr);
    assert.deepEqual(recordOf(stderr, 'observability_initialized')['frameworks'], {
      seam: 'none',
      libraries: ['langchain', 'llamaindex'],
    });
    assert.deepEqual(
      world.otlp.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b)),
      ['inner.task', 'theirs.workflow'],
    );
    assert.deepEqual(
      world.apm.filter(({ meta }) => meta['http.url']?.includes('/v1/traces')),
      [],
    );
  });
});

describe('stack dual, switched on late', { concurrency: 2 }, () => {
  if (!FULL) return;

  it('OpenLLMetry was initialised before: its exporter is taken over, and nothing comes twice', async (t) => {
    const { world, run } = await createSite(t);
    const { code, stderr } = await run('late.cjs', ['initialised'], { DD_LLMOBS_ENABLED: undefined }, false);
    assert.equal(code, 0, stderr);
    const record = recordOf(stderr, 'observability_initialized');
    assert.equal((record['frameworks'] as { seam: string }).seam, 'exporter');
    assert.deepEqual(models(world.otlp), ['m-invoke']);
    assert.doesNotMatch(stderr, /KS-DUAL-003/);
  });

  it('another provider was registered before: said, and the provider stream is whole', async (t) => {
    const { world, run } = await createSite(t);
    const { code, stderr } = await run('late.cjs', ['provider'], { DD_LLMOBS_ENABLED: undefined }, false);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /KS-DUAL-003/);
    assert.match(String(recordOf(stderr, 'observability_initialized')['degraded']), /own exporter/);
    assert.deepEqual(llmModels(world), ['m-chat', 'm-invoke']);
  });

  it('libraries that were loaded before are named with their importer; never two spans', async (t) => {
    const { world, run } = await createSite(t);
    const { code, stderr } = await run('late.cjs', ['libraries'], { DD_LLMOBS_ENABLED: undefined }, false);
    assert.equal(code, 0, stderr);
    const warning = recordOf(stderr, 'KS-START-002');
    assert.match(JSON.stringify(warning['libraries']), /openai/);
    assert.match(JSON.stringify(warning['by']), /late\.cjs/);
    assert.deepEqual(models(world.otlp), ['m-invoke']);
    const counts = llmModels(world);
    assert.equal(new Set(counts).size, counts.length, JSON.stringify(counts));
  });
});

describe('stack dual, incomplete', () => {
  if (!FULL) return;

  it('no receiver is named: said, and stack datadog runs', async (t) => {
    const { world, run } = await createSite(t);
    const env = { KEEPSPAN_STACK: 'dual', TRACELOOP_BASE_URL: undefined };
    const { code, stderr } = await run('program.mjs', ['tree'], env);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /KS-DUAL-002/);
    assert.equal(recordOf(stderr, 'observability_initialized')['stack'], 'datadog');
    assert.deepEqual(llmModels(world), ['m-chain', 'm-direct']);
    assert.deepEqual(world.otlp, []);
  });
});
