import type { JSX } from 'preact';
import type {
  EvaluationRowJson,
  EvaluationsPage as Answer,
  EvaluationSummaries,
  EvaluationSummary,
} from '../../../../src/workbench/api/types.ts';
import { Bars, type Bar } from '../../charts/bars.tsx';
import { Histogram } from '../../charts/histogram.tsx';
import { paused } from '../../data/live.ts';
import { param, setParam } from '../../data/location.ts';
import { useMore } from '../../data/more.ts';
import { useResource } from '../../data/resource.ts';
import { clockTime, count, dateTime, percent, plural, shortId } from '../../lib/format.ts';
import { funnelOf, isDecided, judgeFacts, judgeTracePath, valueText } from '../../lib/evaluations.ts';
import { Choice } from '../../ui/controls.tsx';
import { Partial } from '../../ui/counts.tsx';
import { ListFoot } from '../../ui/list-foot.tsx';
import { Empty, Loading, Problem } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { decisionText, judgedPath } from './card.tsx';
import { TableHead } from '../../ui/table-head.tsx';

const ROWS = 100;
const DECISIONS = [
  ['', 'All'],
  ['heuristic', 'Heuristic'],
  ['judge', 'Judge'],
  ['skipped', 'Skipped'],
  ['audit', 'Audits'],
] as const;

/** One evaluation: how its values lie, who decided, what that saved and missed, and each with its reason. */
export function EvaluationPage({ label }: { readonly label: string }): JSX.Element {
  const summaries = useResource<EvaluationSummaries>('/api/evaluations/summary', {
    live: !paused.value,
    keep: true,
  });
  const find = (name: string): EvaluationSummary | undefined =>
    summaries.data?.labels.find((one) => one.label === name);
  const summary = find(label);
  const decisions = find(`${label}_decision`);
  const decided = summary !== undefined && isDecided(funnelOf(summary, decisions));
  return (
    <>
      <header class="page-head">
        <div>
          <a class="crumb" href="/evals">
            Evaluations
          </a>
          <h1>{label}</h1>
        </div>
        {summary !== undefined && <Facts summary={summary} decided={decided} />}
      </header>
      {summaries.error !== undefined && (
        <Problem error={summaries.error} lastGoodMs={summaries.lastGoodMs} retry={summaries.refresh} />
      )}
      {summaries.loading && <Loading what="the evaluation" />}
      {summaries.data !== undefined && summary === undefined && (
        <Empty icon="search" title="No results">
          <p>
            No evaluation <code>{label}</code> is in the store. <a href="/evals">All evaluations</a>
          </p>
        </Empty>
      )}
      {summaries.data !== undefined && (
        <Partial scan={summaries.data.scan} of="evaluations" retry={summaries.refresh} />
      )}
      {summary !== undefined && (
        <>
          <Charts summary={summary} decisions={decisions} />
          <Rows label={label} decision={decided ? param('decision') : ''} decided={decided} />
        </>
      )}
    </>
  );
}

function Facts({
  summary,
  decided,
}: {
  readonly summary: EvaluationSummary;
  readonly decided: boolean;
}): JSX.Element {
  const { assessment, savedRatio, audits, auditMisses, unjoined, mean } = summary;
  const judged = assessment.pass + assessment.fail;
  return (
    <dl class="figures">
      <div>
        <dt>Evaluations</dt>
        <dd>{count(summary.count)}</dd>
      </div>
      {mean !== null && (
        <div>
          <dt>Mean</dt>
          <dd>{Number(mean.toFixed(3))}</dd>
        </div>
      )}
      {judged > 0 && (
        <div>
          <dt>Pass rate</dt>
          <dd>{percent(assessment.pass / judged)}</dd>
        </div>
      )}
      {decided && (
        <>
          <div>
            <dt>Judge calls saved</dt>
            <dd>{savedRatio === null ? '–' : percent(savedRatio)}</dd>
          </div>
          <div>
            <dt>Missed in audits</dt>
            <dd class={auditMisses > 0 ? 'bad' : ''}>
              {audits === 0 ? '–' : percent(auditMisses / audits)}
              <small class="soft">
                {audits === 0 ? 'no audit yet' : `${count(auditMisses)} of ${count(audits)}`}
              </small>
            </dd>
          </div>
        </>
      )}
      <div>
        <dt>Unjoined</dt>
        <dd class={unjoined > 0 ? 'warn' : ''}>{count(unjoined)}</dd>
      </div>
    </dl>
  );
}

function Charts({
  summary,
  decisions,
}: {
  readonly summary: EvaluationSummary;
  readonly decisions: EvaluationSummary | undefined;
}): JSX.Element {
  const { label, histogram, categories, assessment } = summary;
  const latest = useResource<Answer>(`/api/evaluations?label=${encodeURIComponent(label)}&limit=1`);
  const first = latest.data?.evaluations[0];
  const threshold = first === undefined ? undefined : judgeFacts(first).threshold;
  const funnel = funnelOf(summary, decisions);
  const decided: readonly Bar[] = [
    { name: 'Asked', value: funnel.all, tone: 'quiet' },
    { name: 'Heuristic decided', value: funnel.heuristic, tone: 'good', note: 'no judge call', indent: true },
    { name: 'Judge decided', value: funnel.judge, tone: 'accent', indent: true },
    ...(funnel.unknown > 0
      ? [{ name: 'Not said', value: funnel.unknown, tone: 'quiet' as const, indent: true }]
      : []),
    ...funnel.skippedReasons.map(([reason, value]) => ({
      name: `Skipped: ${reason.replaceAll('_', ' ')}`,
      value,
      tone: 'warn' as const,
      note: 'no score',
      indent: true,
    })),
  ];
  const values = Object.entries(categories).toSorted((a, b) => b[1] - a[1]);
  const tones: Readonly<Record<string, Bar['tone']>> = { true: 'good', false: 'warn' };
  return (
    <div class="chart-row">
      {histogram !== null ? (
        <Histogram {...histogram} threshold={threshold} />
      ) : (
        <Bars
          title="Distribution"
          note={summary.metricType}
          of={summary.count}
          bars={values.map(([name, value]) => ({ name, value, tone: tones[name] ?? 'accent' }))}
        />
      )}
      {isDecided(funnel) && (
        <Bars
          title="Heuristic → judge"
          note={`${count(assessment.pass)} passed, ${count(assessment.fail)} failed`}
          of={funnel.all}
          bars={decided}
        />
      )}
    </div>
  );
}

/** Skips and audits stand under labels of their own. */
function rowsQuery(label: string, decision: string): string {
  const name = decision.startsWith('skipped')
    ? `${label}_decision`
    : decision === 'audit'
      ? `${label}_audit`
      : label;
  const params = new URLSearchParams({ label: name, limit: String(ROWS) });
  if (decision !== '' && decision !== 'audit') params.set('decision', decision);
  return params.toString();
}

function Rows({
  label,
  decision,
  decided,
}: {
  readonly label: string;
  readonly decision: string;
  readonly decided: boolean;
}): JSX.Element {
  const query = rowsQuery(label, decision);
  const answer = useResource<Answer>(`/api/evaluations?${query}`, { live: !paused.value });
  const more = useMore<EvaluationRowJson, Answer>({
    of: query,
    first: answer.data,
    hrefOf: (cursor) => `/api/evaluations?${query}&cursor=${cursor}`,
    read: ({ evaluations }) => evaluations,
    keyOf: ({ id }) => id,
  });
  const { rows } = more;
  return (
    <section aria-labelledby="eval-rows">
      <header class="section-head">
        <h2 id="eval-rows">Evaluations and their reasons</h2>
        {decided && (
          <Choice
            label="Decided by"
            value={DECISIONS.find(([name]) => name === decision)?.[0] ?? ''}
            options={DECISIONS}
            onChange={(chosen) => setParam('decision', chosen, false)}
          />
        )}
      </header>
      {answer.error !== undefined && (
        <Problem error={answer.error} lastGoodMs={answer.lastGoodMs} retry={answer.refresh} />
      )}
      {answer.loading && <Loading what="evaluations" />}
      {answer.data !== undefined && rows.length === 0 && (
        <Empty icon="search" title="No results">
          <p>{decision === '' ? 'None is in the store.' : 'None was decided so.'}</p>
        </Empty>
      )}
      {rows.length > 0 && (
        <div class="table-frame">
          <table class="data eval-rows">
            <caption class="visually-hidden">Evaluations {label}</caption>
            <TableHead of={[['Time', 'time'], ['Value', 'num'], 'Result', 'Decided by', 'Reason', 'Span']} />
            <tbody>
              {rows.map((row) => (
                <EvaluationRow key={row.id} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > 0 && <ListFoot more={more} said={`${plural(rows.length, 'evaluation')} shown`} />}
    </section>
  );
}

function EvaluationRow({ row }: { readonly row: EvaluationRowJson }): JSX.Element {
  const judge = judgeTracePath(row);
  const span = judgedPath(row);
  return (
    <tr>
      <td class="time">
        <time title={dateTime(row.timestampMs)}>{clockTime(row.timestampMs)}</time>
      </td>
      <td class="num">
        <b>{row.decision.startsWith('skipped') ? '–' : valueText(row)}</b>
      </td>
      <td>{row.assessment === null ? <span class="faint">–</span> : <Status of={row.assessment} />}</td>
      <td class="nowrap">
        {decisionText(row.decision)}
        {judge !== undefined && (
          <a class="spaced" href={judge}>
            Judge’s trace
          </a>
        )}
      </td>
      <td class="reason">{row.reasoning ?? <span class="faint">–</span>}</td>
      <td class="nowrap">
        {span === undefined ? (
          <span
            class="warn"
            title="The judged span is not in the store: sampled out, evicted, or not here yet"
          >
            not stored
          </span>
        ) : (
          <a href={span}>{shortId(row.apmTraceId)}</a>
        )}
      </td>
    </tr>
  );
}
