import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { EvaluationInput } from '../../src/contracts/evaluation.ts';
import { buildMetric, type MetricContext } from '../../src/evaluation/metric.ts';

const span = { traceId: '0123456789abcdef0123456789abcdef', spanId: '18446744073709551615' };
const context: MetricContext = {
  activeSpan: undefined,
  mlApp: 'app',
  wallMs: 1_700_000_000_123,
  tags: { 'keepspan.version': '1' },
};
const valid: EvaluationInput = { span, label: 'quality', metricType: 'score', value: 0.5 };

function build(input: object, over: Partial<MetricContext> = {}) {
  return buildMetric({ ...valid, ...input } as EvaluationInput, { ...context, ...over });
}

function built(input: object, over: Partial<MetricContext> = {}): Record<string, unknown> {
  const result = build(input, over);
  assert.ok(result.ok, result.ok ? '' : result.why);
  return JSON.parse(result.json) as Record<string, unknown>;
}

function refused(input: object, over: Partial<MetricContext> = {}): string {
  const result = build(input, over);
  assert.ok(!result.ok && !result.unserializable);
  return result.why;
}

describe('a metric', () => {
  it('of every type', () => {
    assert.equal(built({ metricType: 'score', value: -0.25 })['score_value'], -0.25);
    assert.equal(built({ metricType: 'score', value: 0 })['score_value'], 0);
    assert.equal(built({ metricType: 'categorical', value: 'good' })['categorical_value'], 'good');
    assert.equal(built({ metricType: 'boolean', value: false })['boolean_value'], false);
    assert.deepEqual(built({ metricType: 'json', value: { a: [1, null] } })['json_value'], { a: [1, null] });
  });

  it('names the span of its judge in the metadata, beside what stands there', () => {
    const judgeSpan = { traceId: 'f'.repeat(32), spanId: '7' };
    const ids = { judge_trace_id: judgeSpan.traceId, judge_span_id: '7' };
    assert.deepEqual(built({ judgeSpan })['metadata'], ids);
    assert.deepEqual(built({ judgeSpan, metadata: { judge: 'm' } })['metadata'], { judge: 'm', ...ids });
    assert.equal(built({ judgeSpan: null })['metadata'], undefined);
    for (const bad of [{}, 7, 'id', { traceId: '', spanId: '7' }])
      assert.match(refused({ judgeSpan: bad }), /judgeSpan/);
  });

  it('has all fields in their place', () => {
    const metric = built({
      tags: { field: 'licence', n: 5 },
      reasoning: 'because',
      assessment: 'pass',
      metadata: { judge: 'm' },
      timestampMs: 1_600_000_000_000.75,
      mlApp: 'other',
    });
    assert.deepEqual(metric, {
      event_kind: 'evaluation',
      join_on: { span: { span_id: span.spanId, trace_id: span.traceId } },
      label: 'quality',
      metric_type: 'score',
      ml_app: 'other',
      score_value: 0.5,
      timestamp_ms: 1_600_000_000_000,
      tags: ['keepspan.version:1', 'ml_app:other', 'field:licence', 'n:5'],
      reasoning: 'because',
      metadata: { judge: 'm' },
      assessment: 'pass',
    });
  });

  it('takes span, ML app and time from its context; the input goes first', () => {
    const active = { traceId: 'a', spanId: '1' };
    const metric = built({ span: undefined, mlApp: undefined }, { activeSpan: active });
    assert.deepEqual(metric['join_on'], { span: { span_id: '1', trace_id: 'a' } });
    assert.equal(metric['ml_app'], 'app');
    assert.equal(metric['timestamp_ms'], context.wallMs);
    assert.deepEqual(built({}, { activeSpan: active })['join_on'], {
      span: { span_id: span.spanId, trace_id: span.traceId },
    });
  });

  it('takes null for absent, as dd-trace does', () => {
    const metric = built({
      span,
      tags: null,
      reasoning: null,
      assessment: null,
      metadata: null,
      timestampMs: null,
      mlApp: null,
    });
    assert.deepEqual(
      Object.keys(metric).filter((key) => ['reasoning', 'assessment', 'metadata'].includes(key)),
      [],
    );
  });

  it('labels: the last accepted and the first refused', () => {
    for (const label of ['a', 'Z', 'a1_B', `l${'x'.repeat(199)}`]) built({ label });
    for (const label of [
      '',
      '1a',
      '_a',
      'a.b',
      'a-b',
      'a b',
      'ä',
      'aé',
      'a\n',
      `l${'x'.repeat(200)}`,
      5,
      undefined,
      null,
      {},
    ]) {
      assert.match(refused({ label }), /^label/);
    }
  });

  it('values that are not of their type', () => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      '1',
      true,
      undefined,
      null,
    ]) {
      assert.match(refused({ metricType: 'score', value }), /finite number/);
    }
    for (const value of [1, true, undefined, {}])
      assert.match(refused({ metricType: 'categorical', value }), /string/);
    for (const value of [1, 'true', undefined])
      assert.match(refused({ metricType: 'boolean', value }), /true or false/);
    for (const value of [1, 'x', [], null, new Map(), new Date()])
      assert.match(refused({ metricType: 'json', value }), /plain object/);
    for (const metricType of ['Score', 'text', '', undefined, null])
      assert.match(refused({ metricType }), /metricType/);
  });

  it('spans, tags and the rest that are not what they should be', () => {
    assert.match(refused({ span: undefined }), /no active span/);
    for (const bad of [
      {},
      { traceId: 'a' },
      { traceId: '', spanId: '1' },
      { traceId: 'a', spanId: 1 },
      'text',
      5,
    ])
      assert.match(refused({ span: bad }), /exportSpan/);
    assert.match(refused({ assessment: 'maybe' }), /assessment/);
    assert.match(refused({ reasoning: 5 }), /reasoning/);
    for (const bad of [[], 'x', 5, new Map()]) {
      assert.match(refused({ metadata: bad }), /metadata/);
      assert.match(refused({ tags: bad }), /tags/);
    }
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', new Date()])
      assert.match(refused({ timestampMs: bad }), /timestampMs/);
    assert.match(refused({ mlApp: '' }), /ML app/);
    assert.match(refused({}, { mlApp: '' }), /ML app/);
    for (const bad of [undefined, null, 5, 'text']) {
      const result = buildMetric(bad as never, context);
      assert.ok(!result.ok && !result.unserializable);
    }
  });

  it('plain objects of another realm are plain objects', () => {
    const foreign = runInNewContext('({ a: 1 })') as object;
    assert.deepEqual(
      built({ metricType: 'json', value: foreign, tags: foreign, metadata: foreign })['json_value'],
      { a: 1 },
    );
    built({ metricType: 'json', value: Object.assign(Object.create(null), { a: 1 }) });
  });

  it('what has no JSON form is told apart from what is invalid', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('get');
        },
      },
    );
    const toJson = {
      toJSON() {
        throw {
          toString() {
            throw new Error('worse');
          },
        };
      },
    };
    for (const metadata of [{ big: 1n }, circle, toJson]) {
      const result = build({ metadata });
      assert.ok(!result.ok && result.unserializable, JSON.stringify(result));
    }
    const result = buildMetric(hostile as never, context);
    assert.ok(!result.ok && result.unserializable);
  });

  it('reads each property once: what was found valid is what is sent', () => {
    let reads = 0;
    const changing = {
      ...valid,
      get value() {
        return reads++ === 0 ? 0.5 : Number.NaN;
      },
    };
    const result = buildMetric(changing, context);
    assert.ok(result.ok && result.json.includes('"score_value":0.5'));
    assert.equal(reads, 1);
  });
});
