import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CODES } from '../../src/selfmetrics/codes.ts';
import type { EvaluationRowJson, EvaluationSummary } from '../../src/workbench/api/types.ts';
import {
  funnelOf,
  judgeFacts,
  judgeTracePath,
  mainLabels,
  valueText,
} from '../../web/src/lib/evaluations.ts';
import { arrivalsOf, gapOf, sourceLedger, sumOf } from '../../web/src/lib/ledger.ts';
import { alertRows, checkCounts, checkRow } from '../../web/src/lib/rows.ts';
import { type ApiError, getJson } from '../../web/src/data/client.ts';

const summary = (label: string, decided: Partial<EvaluationSummary['decided']> = {}): EvaluationSummary => ({
  label,
  metricType: 'score',
  count: 10,
  histogram: null,
  mean: null,
  categories: {},
  assessment: { pass: 0, fail: 0, none: 0 },
  decided: { heuristic: 0, judge: 0, skipped: {}, unknown: 0, ...decided },
  savedRatio: null,
  audits: 0,
  auditMisses: 0,
  errors: 0,
  unjoined: 0,
});

const evaluation = (over: Partial<EvaluationRowJson>): EvaluationRowJson => ({
  id: 1,
  label: 'context_recall',
  metricType: 'score',
  value: 0.5,
  assessment: null,
  reasoning: null,
  decision: '',
  traceId: '',
  spanId: '',
  joined: true,
  apmTraceId: '',
  mlApp: '',
  timestampMs: Date.parse('2026-03-01T12:00:00Z'),
  source: 'datadog',
  metric: {},
  ...over,
});

describe('rows as they are shown', () => {
  it('an alert or a check whose state is not known is not well', () => {
    const rows = alertRows([
      { id: 'a', state: 'quiet' },
      { id: 'b', state: 'odd' },
      { id: 'c', state: 'firing', evidence: { text: 't', value: 1, threshold: 2 } },
      {},
    ]);
    assert.deepEqual(
      rows.map(({ id, state }) => [id, state]),
      [
        ['c', 'firing'],
        ['b', 'no-data'],
        ['', 'no-data'],
        ['a', 'quiet'],
      ],
    );
    assert.deepEqual([rows[0]?.evidence, rows[0]?.value, rows[0]?.threshold], ['t', 1, 2]);
    const checks = [
      { status: 'pass' },
      { status: 'green' },
      {},
      { status: 'fail', evidence: 'one line' },
    ].map(checkRow);
    assert.deepEqual(checkCounts(checks), { fail: 1, warn: 0, unknown: 2, pass: 1, 'not-applicable': 0 });
    assert.deepEqual(checks[3]?.evidence, ['one line']);
  });

  it('the funnel counts what was skipped, though it stands under another label and has no score', () => {
    const funnel = funnelOf(
      summary('context_recall', { heuristic: 6, judge: 3, unknown: 1 }),
      summary('context_recall_decision', { skipped: { judge_timeout: 2, no_judge: 4 } }),
    );
    assert.deepEqual(
      [funnel.all, funnel.skipped, funnel.skippedReasons],
      [
        16,
        6,
        [
          ['no_judge', 4],
          ['judge_timeout', 2],
        ],
      ],
    );
    const labels = ['a', 'a_audit', 'a_decision', 'b_audit'].map((label) => summary(label));
    assert.deepEqual(
      mainLabels(labels).map(({ label }) => label),
      ['a', 'b_audit'],
    );
  });

  it('leads to the trace of the judge where there was one', () => {
    assert.equal(judgeTracePath(evaluation({ decision: 'heuristic' })), undefined);
    const named = evaluation({
      decision: 'judge',
      metric: { metadata: { judge_trace_id: 'f'.repeat(32), judge_span_id: '18446744073709551615' } },
    });
    assert.equal(judgeTracePath(named), `/traces/${'f'.repeat(16)}`);
    const hand = (metadata: object): string | undefined =>
      judgeTracePath(evaluation({ metric: { metadata } }));
    assert.equal(hand({ judge_trace_id: 'a'.repeat(32) }), `/traces/${'a'.repeat(32)}`);
    assert.equal(
      hand({ judge_trace_id: 'a'.repeat(32), judge_span_id: 'b'.repeat(16) }),
      `/traces/${'b'.repeat(16)}`,
    );
    // The attributes of an OTLP event hold the metadata as text.
    const otlp = (text: string) =>
      evaluation({ decision: 'heuristic', metric: { 'keepspan.evaluation.metadata': text } });
    assert.equal(judgeTracePath(otlp('{"judge_span_id":"255"}')), '/traces/00000000000000ff');
    assert.equal(judgeFacts(otlp('{"judge_model":"m","judge_cost_usd":0.5}')).costUsd, 0.5);
    assert.equal(judgeTracePath(otlp('no JSON')), undefined);
    const searched = new URLSearchParams(
      judgeTracePath(evaluation({ decision: 'judge', label: 'context_recall_audit' }))?.split('?')[1],
    );
    assert.equal(searched.get('q'), 'name:judge.context_recall');
    assert.equal(searched.get('from'), '2026-03-01T11:59:00.000Z');
    assert.equal(valueText({ metricType: 'score', value: 0.123_45 }), '0.123');
    assert.equal(valueText({ metricType: 'json', value: { a: 1 } }), '{"a":1}');
  });

  it('a gap in the ledger is a number, never hidden', () => {
    const arrivals = arrivalsOf({
      spans: { received: 10, stored: 5, evicted: 2, rejected: 1, duplicates: 1 },
    });
    assert.equal(gapOf(arrivals.spans), 1);
    assert.equal(gapOf(arrivals.evaluations), 0);
    const source = sourceLedger(
      { spans: { created: 3, lost: { killed: 2, other: 0, odd: 'x' }, dropped: { a: 1, b: 5 } } },
      'spans',
    );
    assert.deepEqual(source.lost, [['killed', 2]]);
    assert.deepEqual(
      source.dropped.map(([reason]) => reason),
      ['b', 'a'],
    );
    assert.equal(sumOf(source.dropped), 6);
  });
});

describe('errors of the API', () => {
  const answered = async (
    t: { mock: typeof import('node:test').mock },
    answer: () => Promise<Response>,
  ): Promise<ApiError> => {
    t.mock.method(globalThis, 'fetch', answer);
    return getJson('/api/x').then(
      () => assert.fail('it should have failed'),
      (error: unknown) => error as ApiError,
    );
  };

  it('say the cause, and a code that is explained', async (t) => {
    const gone = await answered(t, () => Promise.reject(new TypeError('Failed to fetch')));
    const refused = await answered(t, () =>
      Promise.resolve(Response.json({ error: 'bad', position: 3 }, { status: 400 })),
    );
    const failed = await answered(t, () => Promise.resolve(new Response('oops', { status: 503 })));
    const odd = await answered(t, () => Promise.resolve(new Response('<html>', { status: 200 })));
    assert.deepEqual(
      [gone, refused, failed, odd].map(({ code, status }) => [code, status]),
      [
        ['KS-UI-001', 0],
        ['KS-UI-002', 400],
        ['KS-UI-003', 503],
        ['KS-UI-002', 200],
      ],
    );
    assert.deepEqual([refused.message, refused.position, failed.message], ['bad', 3, 'HTTP 503']);
    for (const { code } of [gone, refused, failed]) assert.ok(code in CODES, code);
  });
});
