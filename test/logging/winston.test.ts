import assert from 'node:assert/strict';
import { test } from 'node:test';
import { winstonCorrelation } from '../../src/logging/winston.ts';
import { SPAN } from './support.ts';

test('a record gets the ids, in both notations', () => {
  const info = winstonCorrelation(() => SPAN, true).transform({ message: 'x' });
  assert.deepEqual(info, { message: 'x', dd: SPAN.dd, trace_id: SPAN.traceId, span_id: SPAN.spanId });
});

test('DD_LOGS_INJECTION=false leaves out Datadog’s notation alone', () => {
  const info = winstonCorrelation(() => SPAN, false).transform({ message: 'x' });
  assert.deepEqual(info, { message: 'x', trace_id: SPAN.traceId, span_id: SPAN.spanId });
});

test('ids that the application gives itself stay', () => {
  const mine = { message: 'x', trace_id: 'mine', span_id: 'too' };
  assert.deepEqual(winstonCorrelation(() => SPAN, true).transform({ ...mine }), { ...mine, dd: SPAN.dd });
});

test('the W3C ids are those of `dd` that is there, in 16 digits; what is no id is passed over', () => {
  const find = () => SPAN;
  const dd = { trace_id: '6721b8ab00000000abcdef0123456789', span_id: '255' };
  const { span_id: span, trace_id: trace } = winstonCorrelation(find, true).transform({ dd }) as unknown as {
    readonly span_id: string;
    readonly trace_id: string;
  };
  assert.deepEqual([trace, span], [dd.trace_id, '00000000000000ff']);
  const odd = { dd: { trace_id: '123', span_id: 'abc' } };
  assert.deepEqual(winstonCorrelation(find, true).transform({ ...odd }), {
    ...odd,
    trace_id: SPAN.traceId,
    span_id: SPAN.spanId,
  });
});

test('no tracer: the record stays as it is', () => {
  const info = { message: 'x' };
  assert.equal(winstonCorrelation(() => undefined, true).transform(info), info);
  assert.deepEqual(info, { message: 'x' });
});
