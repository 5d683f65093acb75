import type { JSX } from 'preact';
import type { EvaluationRowJson } from '../../../../src/workbench/api/types.ts';
import { clockTime, cost, count } from '../../lib/format.ts';
import { judgedSpan, judgeFacts, judgeTracePath, valueText } from '../../lib/evaluations.ts';
import { evalPath, tracePath } from '../../lib/routes.ts';
import { Status } from '../../ui/status.tsx';

export const decisionText = (decision: string): string =>
  decision === ''
    ? 'not said'
    : decision.startsWith('skipped:')
      ? `skipped: ${decision.slice(8).replaceAll('_', ' ')}`
      : decision;

/** Where the judged span is. */
export const judgedPath = (row: EvaluationRowJson): string | undefined =>
  row.apmTraceId === '' ? undefined : tracePath(row.apmTraceId, judgedSpan(row), 'evaluations');

/** One evaluation with its reason, who decided it, and the ways to its span and its judge. */
export function EvaluationCard({ row }: { readonly row: EvaluationRowJson }): JSX.Element {
  const facts = judgeFacts(row);
  const judge = judgeTracePath(row);
  return (
    <article class="eval-card">
      <header>
        <a href={evalPath(row.label)}>{row.label}</a>
        <b class="eval-value">{valueText(row)}</b>
        {row.assessment !== null && <Status of={row.assessment} />}
        <span class="spacer" />
        <span class="soft">{clockTime(row.timestampMs)}</span>
      </header>
      {row.reasoning !== null && row.reasoning !== '' ? (
        <p>{row.reasoning}</p>
      ) : (
        <p class="faint">No reason was given.</p>
      )}
      <p class="soft facts-line">
        {row.decision !== '' && <span>decided by: {decisionText(row.decision)}</span>}
        {facts.because !== '' && <span>because {facts.because.replaceAll('_', ' ')}</span>}
        {facts.threshold !== undefined && <span>threshold {facts.threshold}</span>}
        {facts.heuristicScore !== undefined && (
          <span>heuristic {Number(facts.heuristicScore.toFixed(3))}</span>
        )}
        {facts.model !== '' && <span>{facts.model}</span>}
        {facts.tokens !== undefined && <span>{count(facts.tokens)} tokens</span>}
        {row.decision === 'judge' && <span>{facts.cached ? 'cached, no cost' : cost(facts.costUsd)}</span>}
        {judge !== undefined && <a href={judge}>Judge’s trace</a>}
      </p>
    </article>
  );
}
