import type { JSX } from 'preact';
import type { EvaluationSummaries, EvaluationSummary } from '../../../../src/workbench/api/types.ts';
import { ledger, paused } from '../../data/live.ts';
import { useResource } from '../../data/resource.ts';
import { count, percent } from '../../lib/format.ts';
import { funnelOf, mainLabels } from '../../lib/evaluations.ts';
import { evalPath } from '../../lib/routes.ts';
import { Counts, Partial } from '../../ui/counts.tsx';
import { Empty, Loading, Problem } from '../../ui/states.tsx';
import { TableHead } from '../../ui/table-head.tsx';

const SNIPPET = `import { exportSpan, submitEvaluation, workflow } from 'keepspan';

export const answer = workflow('answer', async (question) => {
  const text = await ask(question);
  submitEvaluation({ label: 'answered', metricType: 'boolean', value: text !== '', span: exportSpan() });
  return text;
});`;

/** Every evaluation there is, by its label. */
export function EvaluationsPage(): JSX.Element {
  const answer = useResource<EvaluationSummaries>('/api/evaluations/summary', {
    live: !paused.value,
    keep: true,
  });
  const labels = mainLabels(answer.data?.labels ?? []);
  const counts = answer.data?.counts ?? ledger.value?.evaluations;
  return (
    <>
      <header class="page-head">
        <h1>Evaluations</h1>
        {counts !== undefined && <Counts counts={counts} of="evaluations" />}
      </header>
      {answer.error !== undefined && (
        <Problem error={answer.error} lastGoodMs={answer.lastGoodMs} retry={answer.refresh} />
      )}
      {answer.loading && <Loading what="evaluations" />}
      {answer.data !== undefined && labels.length === 0 && (
        <Nothing received={counts?.received ?? 0} evicted={counts?.evicted ?? 0} />
      )}
      {answer.data !== undefined && (
        <Partial scan={answer.data.scan} of="evaluations" retry={answer.refresh} />
      )}
      {labels.length > 0 && (
        <div class="table-frame">
          <table class="data">
            <caption class="visually-hidden">Evaluations by label</caption>
            <TableHead
              of={[
                'Label',
                'Type',
                ['Count', 'num'],
                'Values',
                ['Pass rate', 'num'],
                ['Heuristic', 'num'],
                ['Judge', 'num'],
                ['Skipped', 'num'],
                ['Saved', 'num'],
                ['Unjoined', 'num'],
              ]}
            />
            <tbody>
              {labels.map((summary) => (
                <LabelRow
                  key={summary.label}
                  summary={summary}
                  decisions={answer.data?.labels.find(({ label }) => label === `${summary.label}_decision`)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function LabelRow({
  summary,
  decisions,
}: {
  readonly summary: EvaluationSummary;
  readonly decisions: EvaluationSummary | undefined;
}): JSX.Element {
  const { label, metricType, assessment, savedRatio, unjoined } = summary;
  const { heuristic, judge, skipped } = funnelOf(summary, decisions);
  const judged = assessment.pass + assessment.fail;
  return (
    <tr>
      <td class="name">
        <a href={evalPath(label)}>{label}</a>
      </td>
      <td class="soft">{metricType}</td>
      <td class="num">{count(summary.count)}</td>
      <td>
        <Values summary={summary} />
      </td>
      <td class="num">{judged === 0 ? <span class="faint">–</span> : percent(assessment.pass / judged)}</td>
      <td class="num">{dash(heuristic)}</td>
      <td class="num">{dash(judge)}</td>
      <td class={skipped > 0 ? 'num warn' : 'num'}>{dash(skipped)}</td>
      <td class="num">{savedRatio === null ? <span class="faint">–</span> : percent(savedRatio)}</td>
      <td class={unjoined > 0 ? 'num warn' : 'num'}>{dash(unjoined)}</td>
    </tr>
  );
}

const dash = (value: number): JSX.Element | string =>
  value === 0 ? <span class="faint">–</span> : count(value);

const WIDTH = 120;
const HEIGHT = 20;

/** The distribution at a glance; the label's page has it with its figures. */
function Values({ summary }: { readonly summary: EvaluationSummary }): JSX.Element {
  const { histogram, categories, mean } = summary;
  if (histogram === null) {
    const top = Object.entries(categories)
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, 3);
    return <span class="soft">{top.map(([name, n]) => `${name} ${count(n)}`).join(' · ')}</span>;
  }
  const most = Math.max(...histogram.buckets, 1);
  const step = WIDTH / histogram.buckets.length;
  return (
    <span class="mini-histogram">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
        {histogram.buckets.map((n, i) => (
          <rect
            key={i}
            x={i * step}
            y={HEIGHT - Math.max((n / most) * HEIGHT, 1)}
            width={step - 1}
            height={Math.max((n / most) * HEIGHT, 1)}
          />
        ))}
      </svg>
      <span class="soft">{mean === null ? '' : `mean ${Number(mean.toFixed(2))}`}</span>
    </span>
  );
}

function Nothing({
  received,
  evicted,
}: {
  readonly received: number;
  readonly evicted: number;
}): JSX.Element {
  if (received > 0) {
    return (
      <Empty icon="lost" title={evicted > 0 ? 'Evicted' : 'Nothing is stored'}>
        <p>
          Evaluations arrived, but none is in the store any more. The <a href="/ledger">ledger</a> says what
          became of them.
        </p>
      </Empty>
    );
  }
  return (
    <Empty icon="evals" title="No evaluation has arrived yet">
      <p>This submits one:</p>
      <div class="snippet">
        <pre tabIndex={0}>{SNIPPET}</pre>
      </div>
    </Empty>
  );
}
