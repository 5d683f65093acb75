import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PendingRecord } from '../../src/contracts/delivery.ts';
import { viewRecord } from '../../src/pipeline/inspect/ids.ts';
import { encodeLogRecord } from '../../src/wire/otlp/encode-log.ts';
import { LOGS_PREAMBLE } from '../../src/wire/otlp/encode.ts';

const record = (payload: Uint8Array, preamble = ''): PendingRecord => ({
  kind: 'evaluations',
  flags: 0,
  count: 1,
  timeMs: 0,
  preamble,
  payload: Buffer.from(payload),
});

it('an evaluation that is a log record is shown with the ids of its span, and its attributes', () => {
  const context = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };
  const body = encodeLogRecord({
    resource: { attributes: { 'service.name': 's' } },
    scope: { name: 'scope' },
    eventName: 'gen_ai.evaluation.result',
    time: [1, 0],
    context,
    attributes: { 'gen_ai.evaluation.name': 'recall', 'gen_ai.evaluation.score.value': 0.5 },
  });
  const view = viewRecord(record(body, LOGS_PREAMBLE), 'otlp');
  assert.deepEqual(view.ids, [`${context.traceId}:${context.spanId}`]);
  assert.deepEqual(view.content, [
    {
      traceId: context.traceId,
      spanId: context.spanId,
      eventName: 'gen_ai.evaluation.result',
      attributes: { 'gen_ai.evaluation.name': 'recall', 'gen_ai.evaluation.score.value': 0.5 },
    },
  ]);
});

it('a record that cannot be read is shown without ids', () => {
  for (const preamble of ['', LOGS_PREAMBLE])
    assert.deepEqual(viewRecord(record(Buffer.from([0x0a, 0x7f, 1]), preamble), 'otlp'), {
      ids: [],
      content: [],
    });
});
