import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import type {
  EvaluationsPage,
  EvaluationSummaries,
  LlmSpansPage,
  LogsPage,
  StatsPage,
  TracePage,
} from '../../src/workbench/api/types.ts';
import { encodeLogRecord } from '../../src/wire/otlp/encode-log.ts';
import { ask, counts, llmPayload, tracePayload, workbench } from './support.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const TRACE = 'c'.repeat(32);
const SECRET = 'the-secret-of-the-prompt';

interface Metric {
  readonly label: string;
  readonly score?: number | undefined;
  readonly decision?: string | undefined;
  readonly assessment?: string | undefined;
  readonly span?: string | undefined;
  readonly because?: string | undefined;
}

const evaluations = (metrics: readonly Metric[]): string =>
  JSON.stringify({
    data: {
      attributes: {
        metrics: metrics.map(({ label, score, decision, assessment, span = '1', because }) => ({
          label,
          metric_type: score === undefined ? 'categorical' : 'score',
          ...(score === undefined ? { categorical_value: decision ?? 'x' } : { score_value: score }),
          timestamp_ms: 1_763_800_000_000,
          tags: decision === undefined ? [] : [`decision:${decision}`],
          assessment,
          reasoning: SECRET,
          metadata: { judged_because: because },
          join_on: { span: { trace_id: TRACE, span_id: span } },
        })),
      },
    },
  });

const attribute = (key: string, value: string | number): object => ({
  key,
  value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
});

const otlpSpan = (attributes: readonly object[], events: readonly object[] = []): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', 'api')] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: TRACE,
                spanId: 'e'.repeat(16),
                parentSpanId: 'f'.repeat(16),
                name: 'chat m',
                startTimeUnixNano: '1763800000000000000',
                endTimeUnixNano: '1763800001000000000',
                attributes,
                events,
              },
            ],
          },
        ],
      },
    ],
  });

describe('what the workbench makes of content', () => {
  it('joins evaluations with their spans, in whichever order they come, and sums them up', async (t) => {
    const bench = await workbench(t);
    const body = evaluations([
      ...[0, 0.049, 0.05, 1].map((score) => ({
        label: 'recall',
        score,
        decision: 'heuristic',
        assessment: 'pass',
      })),
      { label: 'recall', score: 0.5, decision: 'judge', assessment: 'fail' },
      { label: 'recall', score: 0.5, span: '99' },
      { label: 'recall_decision', decision: 'skipped:judge_down' },
      { label: 'recall_decision', decision: 'skipped:queue_full' },
      { label: 'recall_audit', score: 0.1, decision: 'judge', assessment: 'fail', because: 'audit' },
      { label: 'recall_audit', score: 0.9, decision: 'judge', assessment: 'pass', because: 'audit' },
      { label: 'tone', decision: undefined },
    ]);
    await ask(bench.datadogUrl, '/api/intake/llm-obs/v2/eval-metric', { body });
    await ask(bench.datadogUrl, '/api/v2/llmobs', { body: llmPayload(1) });
    const { labels } = (
      await ask(bench.datadogUrl, '/api/evaluations/summary')
    ).json() as EvaluationSummaries;
    const recall = labels.find(({ label }) => label === 'recall');
    assert.ok(Math.abs((recall?.mean ?? 0) - 2.099 / 6) < 1e-9);
    assert.deepEqual(
      { ...recall, mean: 0 },
      {
        label: 'recall',
        metricType: 'score',
        count: 6,
        histogram: { min: 0, max: 1, buckets: [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
        mean: 0,
        categories: {},
        assessment: { pass: 4, fail: 1, none: 1 },
        decided: { heuristic: 4, judge: 1, skipped: { judge_down: 1, queue_full: 1 }, unknown: 1 },
        savedRatio: 0.8,
        audits: 2,
        auditMisses: 1,
        errors: 1,
        unjoined: 1,
      },
    );
    assert.deepEqual(labels.find(({ label }) => label === 'tone')?.categories, { x: 1 });
    const list = async (query: string): Promise<EvaluationsPage> =>
      (await ask(bench.datadogUrl, `/api/evaluations?${query}`)).json() as EvaluationsPage;
    assert.equal((await list('decision=skipped')).evaluations.length, 2);
    assert.equal((await list('decision=skipped:judge_down')).evaluations.length, 1);
    const [first] = (await list('label=recall&decision=judge')).evaluations;
    assert.deepEqual([first?.joined, first?.apmTraceId, first?.value], [true, 'd'.repeat(32), 0.5]);
    assert.equal((await list('from=2030-01-01')).evaluations.length, 0);
    const trace = (await ask(bench.datadogUrl, `/api/traces/${'d'.repeat(32)}`)).json() as TracePage;
    assert.deepEqual([trace.evaluations.length, trace.summary?.evaluations], [10, 10]);
    const span = (
      await ask(bench.datadogUrl, `/api/traces/${'d'.repeat(32)}/spans/${'1'.padStart(16, '0')}`)
    ).json();
    assert.equal((span as { llmSpans: unknown[] }).llmSpans.length, 1);
  });

  it('shows OTLP spans of models among the LLM spans, and counts them once', async (t) => {
    const bench = await workbench(t);
    const evaluation = {
      name: 'gen_ai.evaluation.result',
      attributes: [
        attribute('gen_ai.evaluation.name', 'recall'),
        { key: 'gen_ai.evaluation.score.value', value: { doubleValue: 0.25 } },
      ],
    };
    const body = otlpSpan([
      attribute('gen_ai.operation.name', 'chat'),
      attribute('gen_ai.request.model', 'm'),
      attribute('gen_ai.usage.input_tokens', 7),
      attribute('gen_ai.usage.output_tokens', 3),
      attribute('gen_ai.input.messages', '[{"role":"user","parts":[{"type":"text","content":"hi there"}]}]'),
    ]);
    await ask(bench.otlpUrl, '/v1/traces', { body, headers: JSON_TYPE });
    const { llmSpans } = (
      await ask(bench.datadogUrl, '/api/llm-spans?kind=llm&model=m')
    ).json() as LlmSpansPage;
    const [span] = llmSpans;
    assert.deepEqual(
      [span?.source, span?.totalTokens, span?.costUsd, span?.inputPreview, span?.apmTraceId],
      ['otlp', 10, null, 'hi there', TRACE],
    );
    assert.deepEqual([bench.ledger().spans.received, bench.ledger().llmSpans], [1, counts()]);
    // As a span of its own below the judged one, and as a log record.
    const judged = JSON.parse(otlpSpan([], [evaluation])) as {
      resourceSpans: { scopeSpans: { spans: object[] }[] }[];
    };
    Object.assign(judged.resourceSpans[0]?.scopeSpans[0]?.spans[0] ?? {}, {
      spanId: '1'.repeat(16),
      parentSpanId: 'e'.repeat(16),
    });
    await ask(bench.otlpUrl, '/v1/traces', { body: JSON.stringify(judged), headers: JSON_TYPE });
    const record = encodeLogRecord({
      resource: { attributes: { 'service.name': 'api' } },
      scope: { name: 's' },
      eventName: 'gen_ai.evaluation.result',
      time: [1_763_800_000, 0],
      context: { traceId: TRACE, spanId: 'e'.repeat(16) },
      attributes: {
        'gen_ai.evaluation.name': 'recall',
        'gen_ai.evaluation.score.value': 0.75,
        'keepspan.evaluation.tags': ['decision:judge'],
      },
    });
    const sent = await ask(bench.otlpUrl, '/v1/logs', {
      body: record,
      headers: { 'content-type': 'application/x-protobuf', 'x-keepspan-batch': 'k' },
    });
    assert.equal(sent.status, 200);
    await ask(bench.otlpUrl, '/v1/logs', {
      body: record,
      headers: { 'content-type': 'application/x-protobuf', 'x-keepspan-batch': 'k' },
    });
    assert.deepEqual(bench.ledger().evaluations, counts({ received: 2, stored: 1, duplicates: 1 }));
    const page = (await ask(bench.datadogUrl, '/api/evaluations')).json() as EvaluationsPage;
    assert.deepEqual(
      page.evaluations.map(({ value, joined, decision, spanId }) => [value, joined, decision, spanId]),
      [
        [0.75, true, 'judge', 'e'.repeat(16)],
        [0.25, true, '', 'e'.repeat(16)],
      ],
    );
  });

  it('reads log lines of every shape, and finds them by trace, level and words', async (t) => {
    const bench = await workbench(t);
    const low = BigInt(`0x${'c'.repeat(16)}`).toString();
    const lines = [
      { level: 30, time: 1_763_800_000_000, msg: 'pino', trace_id: TRACE, span_id: 'a'.repeat(16) },
      {
        level: 'error',
        timestamp: '2025-11-22T08:26:40Z',
        message: 'winston',
        dd: { trace_id: low, span_id: '5', service: 'w' },
      },
    ];
    const taken = await ask(bench.datadogUrl, '/api/logs', {
      body: `${lines.map((line) => JSON.stringify(line)).join('\n')}\nnot json\n`,
    });
    assert.deepEqual(
      [taken.status, (taken.json() as { accepted: number; rejected: number }).rejected],
      [202, 1],
    );
    const wrapped = [
      { message: '{"level":50,"msg":"inner","extra":7}', service: 'dd', ddsource: 'nodejs' },
      { message: 'plain', status: 'warn' },
    ];
    assert.equal(
      (await ask(bench.datadogUrl, '/api/v2/logs', { body: JSON.stringify(wrapped) })).status,
      202,
    );
    const otlp = {
      resourceLogs: [
        {
          resource: { attributes: [attribute('service.name', 'o')] },
          scopeLogs: [
            {
              logRecords: [
                { severityNumber: 21, body: { stringValue: 'otlp' }, traceId: TRACE, timeUnixNano: '5' },
                { traceId: 'short' },
              ],
            },
          ],
        },
      ],
    };
    const answer = await ask(bench.otlpUrl, '/v1/logs', { body: JSON.stringify(otlp), headers: JSON_TYPE });
    assert.deepEqual(
      (answer.json() as { partialSuccess: { rejectedLogRecords: string } }).partialSuccess.rejectedLogRecords,
      '1',
    );
    const logs = async (query = ''): Promise<LogsPage> =>
      (await ask(bench.datadogUrl, `/api/logs${query}`)).json() as LogsPage;
    const all = await logs();
    assert.deepEqual(
      all.logs.map(({ message, level, service }) => [message, level, service]),
      [
        ['otlp', 'fatal', 'o'],
        ['plain', 'warn', ''],
        ['inner', 'error', 'dd'],
        ['winston', 'error', 'w'],
        ['pino', 'info', ''],
      ],
    );
    assert.deepEqual([all.counts.received, all.withoutTrace], [7, 2]);
    assert.deepEqual(
      (await logs(`?trace=${TRACE}`)).logs.map(({ message }) => message),
      ['pino', 'winston', 'otlp'],
    );
    assert.deepEqual(
      (await logs('?level=error&q=INN+extra')).logs.map(({ message }) => message),
      ['inner'],
    );
    assert.equal((await ask(bench.datadogUrl, '/api/logs?level=loud')).status, 400);
    assert.equal((await ask(bench.datadogUrl, '/api/logs', { body: 'no json at all' })).status, 400);
  });

  it('keeps what tracers counted', async (t) => {
    const bench = await workbench(t);
    const group = {
      Service: 's',
      Name: 'n',
      Resource: 'r',
      Type: 'web',
      Hits: 12,
      TopLevelHits: 4,
      Errors: 1,
      Duration: 5_000_000n,
    };
    const body = encode(
      { Stats: [{ Start: 1_763_800_000_000_000_000n, Stats: [group] }, {}] },
      { useBigInt64: true },
    );
    assert.equal((await ask(bench.datadogUrl, '/v0.6/stats', { body })).status, 200);
    const { stats, counts: seen } = (await ask(bench.datadogUrl, '/api/stats')).json() as StatsPage;
    assert.deepEqual(stats, [
      {
        startMs: 1_763_800_000_000,
        service: 's',
        name: 'n',
        resource: 'r',
        type: 'web',
        hits: 12,
        topLevelHits: 4,
        errors: 1,
        durationMs: 5,
      },
    ]);
    assert.equal(seen.received, 2);
    assert.equal((await ask(bench.datadogUrl, '/v0.6/stats', { body: encode([]) })).status, 400);
  });

  it('stores no word of what people wrote where it is masked', async (t) => {
    for (const masked of [true, false]) {
      const bench = await workbench(t, { masked });
      const llm = llmPayload(1).replace('<b>hi</b>', SECRET);
      await ask(bench.datadogUrl, '/api/v2/llmobs', { body: llm });
      await ask(bench.datadogUrl, '/api/intake/llm-obs/v2/eval-metric', {
        body: evaluations([{ label: 'recall', score: 0.5 }]),
      });
      await ask(bench.datadogUrl, '/v0.4/traces', {
        body: tracePayload(1, { meta: { 'error.message': SECRET, 'ai.prompt': SECRET, kept: 'yes' } }),
      });
      await ask(bench.datadogUrl, '/api/logs', { body: JSON.stringify({ msg: SECRET, prompt: SECRET }) });
      const otlp = otlpSpan([
        attribute('gen_ai.operation.name', 'chat'),
        attribute('gen_ai.input.messages', SECRET),
        attribute('kept', 'yes'),
      ]);
      await ask(bench.otlpUrl, '/v1/traces', { body: otlp, headers: JSON_TYPE });
      const everything = (await ask(bench.datadogUrl, '/api/export')).body.toString();
      const page = (await ask(bench.datadogUrl, '/api/llm-spans')).body.toString();
      assert.equal((everything + page).includes(SECRET), !masked, masked ? 'masked' : 'the control');
      assert.equal(everything.split('\\"kept\\":\\"yes\\"').length, 3, 'other tags stay');
      assert.equal(bench.ledger().llmSpans.stored, 1);
    }
  });
});
