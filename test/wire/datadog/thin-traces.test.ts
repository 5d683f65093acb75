import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import type { PendingRecord } from '../../../src/contracts/delivery.ts';
import type { Judge, TraceFacts, Verdict } from '../../../src/contracts/sampling.ts';
import { createDatadogEncoder } from '../../../src/wire/datadog/encode.ts';
import { walkTraces } from '../../../src/wire/datadog/msgpack-walk.ts';
import { thinTraces } from '../../../src/wire/datadog/thin-traces.ts';
import { readTraceFacts } from '../../../src/wire/datadog/trace-facts.ts';
import { readMsgpack } from '../../support/msgpack.ts';
import { capture } from './encode-capture.ts';

type Fields = Record<string, unknown>;

const KEEP: Verdict = { keep: true, rate: 1, reason: 'default' };
const DROP: Verdict = { keep: false, rate: 0.01, reason: 'rule', rule: 'r' };
const NOISE: Verdict = { keep: true, rate: 0.01, reason: 'rule', rule: 'r' };

function span(fields: Fields = {}): Fields {
  const { meta, metrics, ...rest } = fields;
  return {
    trace_id: 0x1234_5678_9abc_def0n,
    span_id: 1n,
    parent_id: 0n,
    name: 'web.request',
    resource: 'GET',
    service: 'svc',
    error: 0,
    start: 1_700_000_000_000_000_000n,
    duration: 1000,
    meta: { component: 'http', 'span.kind': 'server', ...(meta as Fields) },
    metrics: { process_id: 7, _sampling_priority_v1: 1, ...(metrics as Fields) },
    ...rest,
  };
}

const pack = (traces: unknown): Buffer => Buffer.from(encode(traces, { useBigInt64: true }));

function factsOf(...spans: Fields[]): TraceFacts {
  const payload = pack([spans]);
  return readTraceFacts(payload, walkTraces(payload).firstTrace);
}

function thin(traces: Fields[][], verdicts: readonly Verdict[]) {
  const payload = pack(traces);
  let next = 0;
  const thinned = thinTraces(payload, walkTraces(payload), () => verdicts[next++]!);
  assert.equal(next, traces.filter((spans) => spans.length > 0).length);
  return { original: payload, ...thinned };
}

describe('what is known of a trace', () => {
  it('reads its root: names, ids, tags and numbers of every size', () => {
    const { traceId, root } = factsOf(
      span({
        meta: { 'http.url': 'http://ü/health', long: 'x'.repeat(70_000) },
        metrics: { 'a.b': -1.5, count: 300, big: 2 ** 40 },
      }),
      span({ span_id: 2n, parent_id: 1n, name: 'child' }),
    );
    assert.equal(traceId, 0x1234_5678_9abc_def0n);
    assert.deepEqual([root?.name, root?.resource, root?.service], ['web.request', 'GET', 'svc']);
    assert.equal(root?.tag('http.url'), 'http://ü/health');
    assert.equal(String(root?.tag('long')).length, 70_000);
    assert.deepEqual(
      [root?.tag('a.b'), root?.tag('count'), root?.tag('big'), root?.tag('none')],
      [-1.5, 300, 2 ** 40, undefined],
    );
  });

  it('finds the root wherever it stands; takes an entry with a parent elsewhere; knows none in a part without it', () => {
    const child = span({ span_id: 2n, parent_id: 1n, name: 'child', meta: { 'span.kind': 'client' } });
    assert.equal(factsOf(child, span()).root?.name, 'web.request');
    assert.equal(factsOf(span({ parent_id: 99n }), child).root?.name, 'web.request');
    assert.equal(
      factsOf(span({ parent_id: 99n, meta: { 'span.kind': 'consumer' } })).root?.name,
      'web.request',
    );
    assert.equal(factsOf(child).root, undefined);
    const served = span({ span_id: 3n, parent_id: 2n, name: 'served' });
    assert.equal(factsOf(child, served).root, undefined);
  });

  it('sees an error on any span', () => {
    assert.equal(factsOf(span(), span({ span_id: 2n, parent_id: 1n })).error, false);
    assert.equal(factsOf(span(), span({ span_id: 2n, parent_id: 1n, error: 1 })).error, true);
  });

  it('sees LLM work by what each library puts on its spans', () => {
    const marks: Fields[] = [
      { meta: { '_dd.llmobs.submitted': '1' } },
      { meta: { llmobs_trace_id: '1' } },
      { meta: { '_dd.p.llmobs_parent_id': '5' } },
      { meta: { 'gen_ai.request.model': 'm' } },
      { metrics: { 'gen_ai.usage.input_tokens': 1 } },
      { meta: { 'openai.request.model': 'm' } },
      { meta: { 'traceloop.span.kind': 'workflow' } },
      { meta: { '_ml_obs.meta.span.kind': 'llm' } },
    ];
    for (const mark of marks)
      assert.equal(
        factsOf(span(), span({ span_id: 2n, parent_id: 1n, ...mark })).llm,
        true,
        JSON.stringify(mark),
      );
    const others = {
      '_dd.p.llmobs_ml_app': 'm',
      'out.host': 'h',
      language: 'javascript',
      gen: 'x',
      tenant: 't',
    };
    assert.equal(factsOf(span({ meta: others })).llm, false);
  });

  it('sees what somebody keeps by hand, here or upstream, and takes no rate for it', () => {
    const by = (dm: string, priority: number) =>
      factsOf(span({ meta: { '_dd.p.dm': dm }, metrics: { _sampling_priority_v1: priority } })).manualKeep;
    assert.equal(by('-4', 2), true);
    assert.equal(by('-5', 2), true);
    assert.equal(by('-3', 2), false);
    assert.equal(by('-4', -1), false);
    assert.equal(by('-0', 1), false);
    assert.equal(
      factsOf(span(), span({ span_id: 2n, parent_id: 1n, metrics: { 'manual.keep': 1 } })).manualKeep,
      true,
    );
  });

  it('finds a span by its id', () => {
    const { hasSpan } = factsOf(span(), span({ span_id: 2n ** 63n + 5n, parent_id: 1n }));
    assert.equal(hasSpan(new Set([2n ** 63n + 5n])), true);
    assert.equal(hasSpan(new Set([3n])), false);
  });
});

describe('thinning a payload', () => {
  const a = [span({ name: 'a' })];
  const b = [span({ name: 'b' }), span({ span_id: 2n, parent_id: 1n })];
  const c = [span({ name: 'c' })];

  it('gives back the payload itself when all stays', () => {
    const { original, payload, sampledOut } = thin([a, b], [KEEP, KEEP]);
    assert.equal(payload, original);
    assert.equal(sampledOut, 0);
  });

  it('cuts traces out at the start, in the middle and at the end; what stays is identical', () => {
    for (const [verdicts, left] of [
      [
        [DROP, KEEP, KEEP],
        [b, c],
      ],
      [
        [KEEP, DROP, KEEP],
        [a, c],
      ],
      [
        [KEEP, KEEP, DROP],
        [a, b],
      ],
      [[DROP, KEEP, DROP], [b]],
      [[DROP, DROP, DROP], []],
    ] as const) {
      const { payload, walk, sampledOut } = thin([a, b, c], verdicts);
      assert.deepEqual(payload.subarray(5), pack(left).subarray(1));
      const spans = left.flat().length;
      assert.deepEqual({ ...walkTraces(payload) }, { traces: left.length, spans, firstTrace: 5 });
      assert.deepEqual({ ...walk }, { traces: left.length, spans, firstTrace: 5 });
      assert.equal(sampledOut, 4 - spans);
    }
  });

  it('kept noise carries its rate on the root, beside what was there, or in the place of another rate', () => {
    for (const before of [{}, { '_dd.rule_psr': 1 }]) {
      const child = span({ span_id: 2n, parent_id: 1n });
      const { payload } = thin([[span({ metrics: before }), child], c], [NOISE, KEEP]);
      const [[root, second], third] = readMsgpack(payload) as [[Fields, Fields], Fields[]];
      assert.deepEqual(root.metrics, { process_id: 7, _sampling_priority_v1: 1, '_dd.rule_psr': 0.01 });
      assert.deepEqual(second, readMsgpack(pack(child)));
      assert.deepEqual(third, readMsgpack(pack(c)));
      walkTraces(payload);
    }
  });

  it('holds for 2,000 random payloads: what stays is what the verdicts left, byte for byte', () => {
    let state = 99;
    const next = (n: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * n);
    };
    for (let i = 0; i < 2000; i += 1) {
      const traces = Array.from({ length: next(6) }, () =>
        Array.from({ length: next(4) }, (_, at) =>
          span({ span_id: BigInt(at + 1), parent_id: BigInt(at), meta: { x: 'y'.repeat(next(400)) } }),
        ),
      );
      const verdicts = traces.filter((spans) => spans.length > 0).map(() => (next(2) === 0 ? DROP : KEEP));
      let at = 0;
      const left = traces.filter((spans) => spans.length === 0 || verdicts[at++]!.keep);
      const { payload, sampledOut } = thin(traces, verdicts);
      assert.deepEqual(readMsgpack(payload), readMsgpack(pack(left)));
      assert.equal(sampledOut, traces.flat().length - left.flat().length);
    }
  });
});

describe('the encoder with a judge', () => {
  const record = (traces: Fields[][]): PendingRecord => ({
    kind: 'spans',
    flags: 2,
    count: traces.flat().length,
    timeMs: 0,
    preamble: JSON.stringify({ path: '/v0.4/traces', headers: { 'Datadog-Client-Computed-Stats': 'yes' } }),
    payload: pack(traces),
  });
  const encoderWith = (judge: Judge) =>
    createDatadogEncoder({
      target: () => ({ mode: 'agent', url: 'http://127.0.0.1:1' }),
      agentUrl: () => 'http://127.0.0.1:1',
      judge,
    });
  const dropNamed =
    (name: string): Judge =>
    ({ root }) =>
      root?.name === name ? DROP : KEEP;

  it('merges what is left, counts what went, per record, and the traces in the header', () => {
    const { encode: toBatch } = encoderWith(dropNamed('noise'));
    const batch = toBatch([
      record([[span({ name: 'noise' })], [span({ name: 'a' })]]),
      record([[span({ name: 'noise' }), span({ span_id: 2n, parent_id: 1n })]]),
      record([[span({ name: 'b' })]]),
    ]);
    assert.deepEqual(batch.signalsPerRecord, [1, 0, 1]);
    assert.deepEqual(batch.sampledOutPerRecord, [1, 2, 0]);
    assert.equal(batch.signals, 2);
    assert.equal(batch.headers['X-Datadog-Trace-Count'], '2');
    assert.deepEqual(
      (readMsgpack(batch.body) as Fields[][]).flat().map(({ name }) => name),
      ['a', 'b'],
    );
  });

  it('judges a payload once, however often it is encoded, and its parts as judged before', () => {
    const judged: boolean[] = [];
    const { encode: toBatch, split } = encoderWith((facts, again) => {
      judged.push(again === true);
      return dropNamed('noise')(facts);
    });
    const one = record([[span({ name: 'noise' })], [span({ name: 'a' })]]);
    toBatch([one]);
    toBatch([one]);
    assert.deepEqual(judged, [false, false]);
    const parts = split(one).map((part) => toBatch([part]));
    assert.deepEqual(judged, [false, false, true, true]);
    assert.deepEqual(
      parts.map(({ signals, sampledOutPerRecord }) => [signals, sampledOutPerRecord]),
      [
        [0, [1]],
        [1, [0]],
      ],
    );
  });

  it('reports the spans that evaluations are about', () => {
    const seen: bigint[] = [];
    const { encode: toBatch } = createDatadogEncoder({
      target: () => ({ mode: 'agent', url: 'http://127.0.0.1:1' }),
      agentUrl: () => 'http://127.0.0.1:1',
      onEvaluated: (id) => seen.push(id),
    });
    const text = (value: unknown): PendingRecord => ({
      kind: 'evaluations',
      flags: 0,
      count: 1,
      timeMs: 0,
      preamble: '',
      payload: Buffer.from(JSON.stringify(value)),
    });
    toBatch([
      text({ join_on: { span: { span_id: '18446744073709551615', trace_id: 'f' } } }),
      text({ join_on: { tag: { key: 'a', value: '"span_id":"7"' } } }),
      text({ join_on: { span: { span_id: 'nonsense' } } }),
    ]);
    assert.deepEqual(seen, [18_446_744_073_709_551_615n]);
  });
});

it('reads what a real dd-trace writes: roots, and LLM work on every trace of its LLM spans', async () => {
  const { requests } = await capture();
  const payloads = requests.filter(({ path }) => path === '/v0.4/traces').map(({ body }) => body);
  const seen: { name: string | undefined; llm: boolean; priority: unknown }[] = [];
  for (const payload of payloads) {
    thinTraces(payload, walkTraces(payload), ({ root, llm }) => {
      seen.push({ name: root?.name, llm, priority: root?.tag('_sampling_priority_v1') });
      return KEEP;
    });
  }
  assert.equal(seen.filter(({ name, llm }) => name === 'outer' && !llm).length, 6);
  assert.equal(seen.filter(({ name, llm }) => name !== 'outer' && llm).length, 3);
  assert.ok(seen.every(({ priority }) => priority === 1));
});
