import { type AlertCondition, INTERVAL_MS } from '../condition.ts';
import { count } from '../datadog-query.ts';
import { evaluationRate } from '../evaluation-rate.ts';
import { growth, SERVICE } from '../promql.ts';
import { LAST_MS, of } from '../reading.ts';

const EVALUATIONS = { matcher: '{kind="evaluations"}', by: SERVICE };
const LLM_SPANS = { matcher: '{kind="llmSpans"}', by: SERVICE };
const NOW = growth('created', '10m', EVALUATIONS);
const BEFORE = growth('created', '1h', { ...EVALUATIONS, offset: '10m' });
const EXPECTED =
  `(${BEFORE} / ${growth('created', '1h', { ...LLM_SPANS, offset: '10m' })} ` +
  `* ${growth('created', '10m', LLM_SPANS)})`;

/** Judges that fail, as the reasons of skipped requests name them; budgets that are spent are no failure. */
const JUDGE_FAILURE = /^judge_/;
const MIN_JUDGED = 5;
const FAILED = { matcher: '{reason=~"judge_.*"}' };

/** Conditions about evaluations: the requirement's fourth, and judges that fail closed. */
export const EVALUATIONS_AND_JUDGES: readonly AlertCondition[] = [
  {
    id: 'KS-ALERT-005',
    name: 'evaluation_rate_dropped',
    title: 'Evaluations dropped by more than half',
    severity: 'warning',
    meaning:
      'Fewer than half as many evaluations per LLM span as in the hour before: a decorator or a guard may be broken',
    fix: 'look for warnings KS-EVAL-…, and for a change of the code that submits evaluations',
    metrics: ['created'],
    forMs: 0,
    detectionMs: 10 * 60_000 + 2 * INTERVAL_MS,
    holds: evaluationRate,
    monitors: {
      // By service: the process that a deployment replaced is the baseline of the next. 3.1 standard deviations of a
      // Poisson count stand for the one in a thousand of the process' own look.
      prometheus: `${NOW} < 0.5 * ${EXPECTED} and ${EXPECTED} - ${NOW} > 3.1 * sqrt(${EXPECTED}) and ${BEFORE} >= 30`,
      datadog:
        `pct_change(sum(last_10m),last_1h):${count('created', undefined, 'kind:evaluations')} / ` +
        `${count('created', undefined, 'kind:llmspans')} < -50`,
      elsewhere:
        'A process compares with itself and starts anew with a deployment; Prometheus and Datadog compare through it. Both need LLM spans. Datadog compares with the same 10 minutes an hour ago and cannot tell a few evaluations that vary by chance: with fewer than 50 in 10 minutes use the metric alert.state.',
    },
  },
  {
    id: 'KS-ALERT-011',
    name: 'judge_fails',
    title: 'The LLM judge fails',
    severity: 'warning',
    meaning:
      'More than half of the requests that needed a judge got no verdict: none of them counts as passed',
    fix: 'look at the reasons (keepspan evaluate), mend the judge, then run keepspan evaluate --backfill',
    metrics: ['recallJudged', 'recallSkipped'],
    forMs: 0,
    detectionMs: LAST_MS + INTERVAL_MS,
    holds(history) {
      const failed = history.increase(
        ({ byReason }) =>
          Object.entries(byReason.recallSkipped ?? {}).reduce(
            (sum, [reason, n]) => sum + (JUDGE_FAILURE.test(reason) ? n : 0),
            0,
          ),
        LAST_MS,
      );
      const judged = history.increase(of('recallJudged'), LAST_MS);
      const share = failed / Math.max(1, failed + judged);
      if (failed + judged < MIN_JUDGED || share <= 0.5) return undefined;
      return {
        text: `${failed} of ${failed + judged} judgements failed in the last 10 minutes`,
        value: share,
        threshold: 0.5,
      };
    },
    monitors: {
      prometheus:
        `${growth('recallSkipped', '10m', FAILED)} > ${growth('recallJudged', '10m')} ` +
        `and ${growth('recallSkipped', '10m', FAILED)} + ${growth('recallJudged', '10m')} >= ${MIN_JUDGED}`,
      // Half, and enough of them, in one number: so many more failures than verdicts.
      datadog:
        `sum(last_10m):${count('recallSkipped', undefined, 'reason:judge_*')} - ` +
        `default_zero(${count('recallJudged')}) >= ${MIN_JUDGED}`,
      elsewhere: 'Datadog: fires at five more failures than verdicts in 10 minutes.',
    },
  },
];
