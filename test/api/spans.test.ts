import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import { createSite, recordsOf, type Site } from '../e2e/support/site.ts';
import { startOpenAi } from '../spans/openai-server.ts';
import { suiteContext } from './suite.ts';
import { evaluations, llmEvents, type LlmEvent } from './events.ts';

it('a tracer that is switched off: the application runs, evaluations arrive, and it is said', async (t) => {
  const site = await createSite(t);
  const { code, stdout, stderr } = await site.run('../../api/fixtures/app.mjs', [], {
    env: { DD_TRACE_ENABLED: 'false' },
  });
  assert.equal(code, 0, stderr);
  const { result, submitted, ledger } = JSON.parse(stdout) as {
    result: number;
    submitted: boolean;
    ledger: Ledger;
  };
  assert.deepEqual([result, submitted, ledger.spans.created, ledger.evaluations.delivered], [42, true, 0, 1]);
  const [started] = recordsOf(stderr, 'observability_initialized');
  assert.match(String(started!['degraded']), /DD_TRACE_ENABLED/);
});

describe('spans of a service, at the Agent', () => {
  let site: Site;
  let events: LlmEvent[];
  let said: {
    readonly stepped: unknown;
    readonly exported: { readonly traceId: string; readonly spanId: string };
    readonly later: boolean;
    readonly context: unknown;
    readonly ledger: Readonly<
      Record<string, { readonly unaccounted: number; readonly created: number; readonly delivered: number }>
    >;
  };
  const named = (name: string) => events.filter((event) => event.name === name);
  const one = (name: string) => {
    const [event, second] = named(name);
    assert.ok(event !== undefined && second === undefined, `${named(name).length} spans named ${name}`);
    return event;
  };

  const t = suiteContext();
  before(async () => {
    site = await createSite(t);
    const openAi = await startOpenAi(t);
    const { code, stdout, stderr } = await site.run('../../api/fixtures/tree.mjs', [], {
      env: { OPENAI_BASE_URL: openAi },
    });
    assert.equal(code, 0, stderr);
    said = JSON.parse(stdout) as typeof said;
    events = llmEvents(site.agent);
  });

  it('children under Promise.all, in generator steps and after awaits hang under the right parent', () => {
    const byId = new Map(events.map((event) => [event.span_id, event]));
    const children = named('child');
    assert.equal(children.length, 9 + 3 + 4);
    for (const { meta, parent_id, trace_id } of children) {
      const { parent } = meta['metadata'] as { parent: string };
      assert.equal(byId.get(parent_id)?.name, parent);
      assert.equal(byId.get(parent_id)?.trace_id, trace_id);
    }
    for (const name of ['a', 'b', 'c']) assert.equal(byId.get(one(name).parent_id)?.name, 'parallel');
    assert.equal(one('parallel').parent_id, 'undefined');
  });

  it('a span covers its stream', () => {
    assert.ok(one('slow').duration >= 60e6, `${one('slow').duration} ns`);
    for (const name of ['generated', 'asyncGenerated', 'streamed', 'steps'])
      assert.equal(one(name).status, 'ok');
  });

  it("a generator's step runs in its caller's own async context", () => {
    assert.deepEqual(said.stepped, ['inside']);
  });

  it('what is annotated inside goes before what the wrapper sees; a frozen object is no trouble', () => {
    const { meta, tags } = one('said');
    assert.deepEqual(meta.input, { value: 'said in' });
    assert.deepEqual(meta.output, { value: 'said out' });
    assert.deepEqual(meta['metadata'], { a: 1, b: 2 });
    assert.ok(tags.includes('t:x'));
    assert.deepEqual(one('a').meta.input, {});
    assert.equal(named('child')[0]!.meta.input.value !== undefined, true);
  });

  it("the client's own calls, ESM and CJS, whole and streamed, are one LLM span each under the workflow", () => {
    const calls = named('OpenAI.createChatCompletion');
    assert.equal(calls.length, 4);
    for (const call of calls) assert.equal(call.parent_id, one('calls').span_id);
  });

  it('an exported span is the one that arrives, and can be judged later', () => {
    const { trace_id, span_id } = one('calls');
    assert.deepEqual(said.exported, { traceId: trace_id, spanId: span_id });
    assert.equal(said.later, true);
    const [evaluation] = evaluations(site.agent);
    assert.deepEqual(evaluation!['join_on'], { span: { trace_id, span_id } });
    assert.equal(evaluation!['ml_app'], 'e2e');
    assert.equal(said.context, null);
  });

  it('every count agrees', () => {
    for (const kind of ['spans', 'llmSpans', 'evaluations']) {
      const { created, delivered, unaccounted } = said.ledger[kind]!;
      assert.equal(unaccounted, 0, kind);
      assert.equal(delivered, created, kind);
    }
    assert.equal(said.ledger['llmSpans']!.created, events.length);
  });
});
