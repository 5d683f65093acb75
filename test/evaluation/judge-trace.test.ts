import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { EvaluationRowJson, TracePage } from '../../src/workbench/api/types.ts';
import { judgeFacts, judgeTracePath } from '../../web/src/lib/evaluations.ts';
import { withJournal } from '../otlp/support.ts';
import { observe, QUIET_TRACER } from '../support/program.ts';
import { ask, workbench } from '../workbench/support.ts';
import { startJudge } from './judge.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** In every run: a stack of each protocol. */
const SAMPLE: ReadonlySet<string> = new Set(['datadog', 'otlp']);
const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
/** Generous: the machine may be loaded. */
const LIMIT_MS = 90_000;

type Bench = Awaited<ReturnType<typeof workbench>>;

/** Runs the fixture against a workbench; its evaluations by label. */
async function evaluated(
  t: TestContext,
  stackOf: (bench: Bench) => Readonly<Record<string, string>>,
): Promise<{ readonly bench: Bench; readonly rows: Map<string, EvaluationRowJson> }> {
  const [bench, judge] = await Promise.all([workbench(t), startJudge(t)]);
  await withJournal(async (journal) => {
    const program = join(ROOT, 'test/evaluation/fixtures/judged.mjs');
    const child = spawn(process.execPath, ['--import', join(ROOT, 'src/register.ts'), program, judge], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        DD_SERVICE: 'judged',
        KEEPSPAN_JOURNAL_DIR: journal,
        KEEPSPAN_RECALL_AUDIT_RATE: '0',
        ...QUIET_TRACER,
        ...stackOf(bench),
      },
    });
    const { code, stdout, stderr } = await observe(child, LIMIT_MS).ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), ['heuristic', 'judge', 'judge', 'skipped', 'judge'], stderr);
  });
  const { evaluations } = (await ask(bench.datadogUrl, '/api/evaluations?limit=100')).json() as {
    evaluations: EvaluationRowJson[];
  };
  return { bench, rows: new Map(evaluations.map((row) => [row.label, row])) };
}

/** The trace that the page opens for an evaluation's judge. */
async function judgeTraceOf(bench: Bench, row: EvaluationRowJson) {
  const path = judgeTracePath(row);
  assert.match(path ?? '', /^\/traces\/[0-9a-f]{16}$/, row.label);
  const found = await ask(bench.datadogUrl, `/api/resolve?id=${path!.slice('/traces/'.length)}`);
  assert.equal(found.status, 200, `${row.label}: ${found.body.toString()}`);
  const { traceId, spanId } = found.json() as { traceId: string; spanId?: string };
  const trace = (await ask(bench.datadogUrl, `/api/traces/${traceId}`)).json() as TracePage;
  // A root's id is half of its trace's in dd-trace: then the trace is what is found.
  const span = trace.spans.find((one) =>
    spanId === undefined ? one.parentId === '' : one.spanId === spanId,
  );
  assert.ok(span, `${row.label}: its span is not in the trace`);
  return { traceId, span, trace };
}

/** dd-trace names a span after its kind, and the resource after the function. */
const nameOf = ({ name, resource }: { readonly name: string; readonly resource: string }): string =>
  name === resource ? name : `${resource} ${name}`;

const STACKS: readonly (readonly [string, (bench: Bench) => Readonly<Record<string, string>>])[] = [
  ['datadog', ({ datadogUrl }) => ({ DD_LLMOBS_ENABLED: '1', DD_TRACE_AGENT_URL: datadogUrl })],
  [
    'dual',
    ({ datadogUrl, otlpUrl }) => ({
      DD_LLMOBS_ENABLED: '1',
      DD_TRACE_AGENT_URL: datadogUrl,
      TRACELOOP_BASE_URL: otlpUrl,
    }),
  ],
  ['otlp', ({ otlpUrl }) => ({ KEEPSPAN_STACK: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl })],
  [
    'otlp, evaluations as log records, no content captured',
    ({ otlpUrl }) => ({
      KEEPSPAN_STACK: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
      KEEPSPAN_OTLP_EVALUATIONS: 'log',
      KEEPSPAN_CAPTURE_CONTENT: 'none',
    }),
  ],
];

describe('an evaluation leads to the trace of its judge', { concurrency: 2 }, () => {
  for (const [stack, env] of FULL ? STACKS : STACKS.filter(([name]) => SAMPLE.has(name))) {
    it(stack, { timeout: 2 * LIMIT_MS }, async (t) => {
      const { bench, rows } = await evaluated(t, env);
      const row = (label: string): EvaluationRowJson => {
        const found = rows.get(label);
        assert.ok(found, `${label} of ${[...rows.keys()].join()}`);
        return found;
      };
      assert.equal(judgeTracePath(row('by_heuristic')), undefined);

      const byConfig = await judgeTraceOf(bench, row('by_config'));
      assert.match(
        nameOf(byConfig.span),
        stack.startsWith('otlp') ? /chat judge-model/ : /judge\.context_recall/,
      );
      const byClient = await judgeTraceOf(bench, row('by_client'));
      assert.match(nameOf(byClient.span), /judge\.context_recall/);
      const ofClient = byClient.trace.llmSpans.map(({ kind }) => kind);
      if (!stack.startsWith('otlp')) assert.deepEqual(ofClient.toSorted(), ['llm', 'task']);

      // A judge that gave no verdict is looked up most of all.
      const byNobody = await judgeTraceOf(bench, row('by_nobody_decision'));
      assert.equal(byNobody.span.error, true);
      const byCache = await judgeTraceOf(bench, row('by_cache'));
      assert.equal(byCache.span.spanId, byConfig.span.spanId, 'the call that gave the answer');
      const byHand = await judgeTraceOf(bench, row('by_hand'));
      assert.match(nameOf(byHand.span), /own judge|chat m$/);

      // A judge's call is a trace of its own: it is no part of what it judges.
      const judged = [...rows.values()].map(({ apmTraceId }) => apmTraceId);
      for (const { traceId } of [byConfig, byClient, byNobody, byHand])
        assert.ok(!judged.includes(traceId), traceId);
      assert.equal(new Set([byConfig, byClient, byNobody].map(({ traceId }) => traceId)).size, 3);
      if (!stack.includes('no content')) assert.equal(judgeFacts(row('by_config')).model, 'judge-model');
    });
  }
});
