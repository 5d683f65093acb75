import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('../fixtures/logging/correlation.ts', import.meta.url));

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawnSync(process.execPath, [fixture, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      DD_SERVICE: 'orders',
      DD_ENV: 'prod',
      DD_VERSION: '1.2.3',
      DD_LLMOBS_ML_APP: 'ml',
      DD_LLMOBS_AGENTLESS_ENABLED: '0',
      // Nobody listens there: what the tracer sends is of no interest here.
      DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      ...env,
    },
  });
  assert.equal(child.status, 0, child.stderr);
  const raw = child.stdout.trim().split('\n');
  return { raw, records: raw.map((line) => JSON.parse(line) as Record<string, never>) };
}

for (const tracerFirst of [true, false]) {
  test(`dd-trace ${tracerFirst ? 'before' : 'after'} pino: the ids are its own, in APM and LLM spans, and never twice`, () => {
    const { raw, records } = run(['dd-trace', tracerFirst ? 'tracer-first' : 'logging-first']);
    assert.ok(records.length >= 6);
    for (const line of raw) assert.ok((line.match(/"dd":/g) ?? []).length <= 1, line);
    for (const record of records) {
      const { expected, dd } = record as unknown as {
        expected: { traceId?: string; spanId?: string; spanId16?: string };
        dd: Record<string, string>;
      };
      const trace = record['trace_id'] as unknown;
      assert.equal(dd['service'], 'orders');
      assert.deepEqual(
        [dd['trace_id'], dd['span_id']],
        [expected.traceId, expected.spanId],
        JSON.stringify(record),
      );
      assert.deepEqual([trace, record['span_id']], [expected.traceId, expected.spanId16]);
      if (expected.traceId !== undefined) assert.match(expected.traceId, /^[0-9a-f]{32}$/);
    }
    const spans = new Set(records.map(({ span_id }) => span_id));
    assert.equal(spans.size, 5, 'outside, APM span, workflow, LLM span, and a child made later');
  });
}

test("winston: dd-trace's own `dd` stays, and the W3C ids say the same", () => {
  const { records } = run(['winston']);
  const inside = records.filter((record) => record['trace_id'] !== undefined);
  assert.equal(inside.length, 2);
  for (const record of inside) {
    const { dd, trace_id, span_id } = record as unknown as {
      dd: Record<string, string>;
      trace_id: string;
      span_id: string;
    };
    assert.equal(dd['trace_id'], trace_id);
    assert.equal(BigInt(`0x${span_id}`).toString(), dd['span_id']);
  }
});

test('OpenTelemetry: the ids of its active span, in both notations', () => {
  const { records } = run(['opentelemetry']);
  assert.deepEqual(
    records.map(({ msg, trace_id, span_id, dd }) => [msg, trace_id, span_id, dd]),
    [
      ['outside', undefined, undefined, undefined],
      [
        'inside',
        '6721b8ab00000000abcdef0123456789',
        '112210f47de98115',
        { trace_id: '6721b8ab00000000abcdef0123456789', span_id: '1234567890123456789' },
      ],
    ],
  );
});

test('no tracer: lines without ids', () => {
  const { records } = run(['none']);
  assert.deepEqual(
    records.map(({ msg, dd, trace_id }) => [msg, dd, trace_id]),
    [['alone', undefined, undefined]],
  );
});
