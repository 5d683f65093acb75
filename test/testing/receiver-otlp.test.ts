import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startReceiver } from '../../src/testing.ts';
import { encodeLogRecord } from '../../src/wire/otlp/encode-log.ts';
import { SpanEncoder } from '../../src/wire/otlp/encode-span.ts';
import type { ReadableSpan } from '../../src/wire/otlp/readable-span.ts';
import { Arrivals } from '../../src/verify/arrivals.ts';
import { readPayload } from '../../src/verify/read-payload.ts';

const TRACE = 'c'.repeat(32);
const RESULT = 'gen_ai.evaluation.result';
const PROTOBUF = 'application/x-protobuf';
const encoder = new SpanEncoder();

function span(spanId: string, given: Partial<ReadableSpan>): ReadableSpan {
  return {
    ...{ name: 'work', kind: 0, startTime: [1, 0], endTime: [2, 0], status: { code: 0 }, attributes: {} },
    ...{ events: [], links: [], resource: { attributes: { 'service.name': 's' } } },
    spanContext: () => ({ traceId: TRACE, spanId, traceFlags: 1 }),
    ...given,
  };
}

/** The evaluation of a span, as a span of its own below it. */
function evaluated(spanId: string, parentId: string, attributes: Record<string, unknown>): ReadableSpan {
  return span(spanId, {
    attributes,
    events: [{ name: RESULT, time: [1, 0], attributes }],
    parentSpanContext: { traceId: TRACE, spanId: parentId },
  });
}

const score = { 'gen_ai.evaluation.name': 'tone', 'gen_ai.evaluation.score.value': 0.5 };

/** What arrived, and how the encoder counted it on its way out. */
function sent(spans: readonly ReadableSpan[]) {
  const arrivals = new Arrivals();
  const kinds = spans.map((one) => {
    const { kind, body } = encoder.encode(one);
    readPayload('/v1/traces', PROTOBUF, Buffer.from(body), arrivals, 0);
    return kind;
  });
  return { arrivals, kinds };
}

function logRecord(attributes: Record<string, unknown>, eventName = RESULT): Buffer {
  const context = { traceId: TRACE, spanId: 'd'.repeat(16), traceFlags: 1 };
  const parts = { resource: { attributes: {} }, scope: { name: 'keepspan' }, time: [1, 0] as const };
  return Buffer.from(encodeLogRecord({ ...parts, eventName, context, attributes }));
}

describe('what arrives by OTLP', () => {
  it('is of the kind by which the ledger counts it, and of no other', () => {
    const attributes: readonly Record<string, unknown>[] = [
      { 'gen_ai.operation.name': 'chat' },
      { 'gen_ai.system': 'openai' },
      { 'traceloop.span.kind': 'workflow' },
      { 'llm.request.type': 'chat' },
      { 'openinference.span.kind': 'CHAIN' },
      { 'keepspan.span.kind': 'task', 'input.value': 'a' },
      { 'http.route': '/' },
      {},
    ];
    const { arrivals, kinds } = sent(
      attributes.map((one, i) => span(`${i + 1}`.padStart(16, '0'), { attributes: one })),
    );
    const counted = (kind: string) => kinds.filter((one) => one === kind).length;
    assert.deepEqual(
      [arrivals.count('llmSpans').unique, arrivals.count('spans').unique],
      [counted('llmSpans'), counted('spans')],
    );
    assert.deepEqual([arrivals.llmSpans.length, arrivals.spans.length], [5, 3]);
    assert.equal(arrivals.traced.length, 8);
    assert.deepEqual(
      arrivals.llmSpans.map(({ kind }) => kind),
      ['llm', '', 'workflow', 'llm', 'chain'],
    );
  });

  it('has model and tokens by the names of three conventions, and the kind of a request', () => {
    const usage = [
      ['gen_ai.response.model', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'],
      ['gen_ai.request.model', 'gen_ai.usage.prompt_tokens', 'gen_ai.usage.completion_tokens'],
      ['llm.model_name', 'llm.token_count.prompt', 'llm.token_count.completion'],
    ] as const;
    const { arrivals } = sent(
      usage.map(([model, input, output], i) =>
        span(`${i + 1}`.padStart(16, '0'), { attributes: { [model]: 'm', [input]: 7, [output]: 0 } }),
      ),
    );
    for (const { model, inputTokens, outputTokens } of arrivals.llmSpans)
      assert.deepEqual([model, inputTokens, outputTokens], ['m', 7, 0]);
    assert.equal(arrivals.llmSpans.length, 3);
    const { arrivals: requests } = sent([span('a'.repeat(16), { kind: 1 })]);
    assert.equal(requests.spans[0]?.tags['span.kind'], 'server');
  });

  it('is an evaluation where a span carries one, joined to the span above, and then no span', () => {
    const value = 'keepspan.evaluation.value';
    const name = 'gen_ai.evaluation.name';
    const label = 'gen_ai.evaluation.score.label';
    const judged = 'd'.repeat(16);
    const { arrivals } = sent([
      evaluated('1'.repeat(16), judged, score),
      evaluated('2'.repeat(16), judged, score),
      evaluated('2'.repeat(16), judged, score),
      evaluated('3'.repeat(16), judged, {
        [name]: 'fits',
        ...{ 'gen_ai.evaluation.score.value': 1, [label]: 'true' },
      }),
      evaluated('4'.repeat(16), judged, { [name]: 'topic', [label]: 'billing' }),
      evaluated('5'.repeat(16), judged, { [name]: 'all', [value]: '{"a":1}' }),
      evaluated('6'.repeat(16), judged, { [name]: 'cut', [value]: '{"a"' }),
    ]);
    assert.deepEqual(arrivals.count('evaluations'), { unique: 6, again: 1 });
    assert.deepEqual(
      arrivals.evaluations.map(({ label: of, metricType, value: is, traceId, spanId }) => [
        ...[of, metricType, is],
        traceId === TRACE && spanId === judged,
      ]),
      [
        ['tone', 'score', 0.5, true],
        ['tone', 'score', 0.5, true],
        ['fits', 'boolean', true, true],
        ['topic', 'categorical', 'billing', true],
        ['all', 'json', { a: 1 }, true],
        ['cut', 'json', '{"a"', true],
      ],
    );
    assert.equal(arrivals.traced.length, 0);
  });

  it('is a span where the application put the event on the span that is judged: so it was counted', () => {
    const event = { name: RESULT, time: [1, 0] as const, attributes: score };
    const { arrivals, kinds } = sent([span('1'.repeat(16), { events: [event] })]);
    assert.deepEqual(kinds, ['spans']);
    assert.deepEqual([arrivals.spans.length, arrivals.evaluations.length], [1, 0]);
  });

  it('is an evaluation as a log record in both encodings; records of the application are none', async () => {
    const receiver = await startReceiver();
    const post = async (body: Uint8Array | string, type: string) => {
      const headers = { 'content-type': type };
      const { status } = await fetch(`${receiver.url}/v1/logs`, {
        method: 'POST',
        body: body as string,
        headers,
      });
      return status;
    };
    try {
      assert.equal(await post(logRecord(score), PROTOBUF), 200);
      assert.equal(
        await post(logRecord({ 'gen_ai.evaluation.name': 'topic' }, 'app.started'), PROTOBUF),
        200,
      );
      const pairs = [
        { key: 'gen_ai.evaluation.name', value: { stringValue: 'grade' } },
        { key: 'gen_ai.evaluation.score.value', value: { intValue: '3' } },
      ];
      const record = {
        traceId: TRACE.toUpperCase(),
        spanId: 'D'.repeat(16),
        eventName: RESULT,
        attributes: pairs,
      };
      const lines = [record, { body: { stringValue: 'a line' } }];
      const json = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: lines }] }] });
      assert.equal(await post(json, 'application/json'), 200);
      assert.deepEqual(
        receiver.arrivals.evaluations.map(({ label, value, traceId, spanId }) => [
          label,
          value,
          traceId,
          spanId,
        ]),
        [
          ['tone', 0.5, TRACE, 'd'.repeat(16)],
          ['grade', 3, TRACE, 'd'.repeat(16)],
        ],
      );
      assert.deepEqual(receiver.arrivals.errors, []);
      assert.equal(await post(Buffer.from([0xff]), PROTOBUF), 400);
      assert.equal(await post('[]', 'application/json'), 400);
      assert.equal(receiver.arrivals.errors.length, 2);
    } finally {
      await receiver.close();
    }
  });
});
