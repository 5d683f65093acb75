import type { JSX } from 'preact';
import type { ProvidedRow } from '../../../src/workbench/api/types.ts';
import { now, paused } from '../data/live.ts';
import { param, setParam } from '../data/location.ts';
import { useResource } from '../data/resource.ts';
import { ago, dateTime } from '../lib/format.ts';
import { CHECK_STATES, checkCounts, checkRow, type CheckRow, type CheckState } from '../lib/rows.ts';
import { Copy, WithCode } from '../ui/controls.tsx';
import { Empty, Loading, Problem } from '../ui/states.tsx';
import { Status } from '../ui/status.tsx';

const COMMAND = `npx keepspan verify --to ${location.origin} -- node --import keepspan/register app.js`;

/** The operational checklist, executed: each line with what was seen and when. Unknown is not a pass. */
export function ChecklistPage(): JSX.Element {
  const answer = useResource<{ readonly checklist: readonly ProvidedRow[] }>('/api/checklist', {
    live: !paused.value,
    keep: true,
    pollMs: 5000,
  });
  const rows = (answer.data?.checklist ?? []).map(checkRow);
  const only = CHECK_STATES.find((state) => state === param('status'));
  const shown = only === undefined ? rows : rows.filter(({ status }) => status === only);
  const sections = [...new Set(shown.map(({ section }) => section))];
  return (
    <>
      <header class="page-head">
        <h1>Checklist</h1>
        {rows.length > 0 && <Verdict rows={rows} />}
      </header>
      {answer.error !== undefined && (
        <Problem error={answer.error} lastGoodMs={answer.lastGoodMs} retry={answer.refresh} />
      )}
      {answer.loading && <Loading what="the checklist" />}
      {answer.data !== undefined && rows.length === 0 && (
        <Empty icon="checklist" title="Nothing has been checked yet">
          <p>
            This runs your application against a workbench, sends it traffic, and goes through every line with
            evidence:
          </p>
          <div class="snippet">
            <pre tabIndex={0}>{COMMAND}</pre>
            <Copy text={COMMAND} label="Copy this line" />
          </div>
          <p class="soft">
            <code>keepspan doctor</code> looks at the project without running it.
          </p>
        </Empty>
      )}
      {rows.length > 0 && <Filter rows={rows} only={only} />}
      {rows.length > 0 && shown.length === 0 && (
        <Empty icon="search" title="No results">
          <p>No line has this status.</p>
        </Empty>
      )}
      {sections.map((section) => (
        <section key={section} class="check-section" aria-label={section || 'Checks'}>
          {section !== '' && <h2>{section}</h2>}
          <ul class="checks">
            {shown
              .filter((row) => row.section === section)
              .map((row) => (
                <Line key={`${row.id}${row.line}`} row={row} />
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Verdict({ rows }: { readonly rows: readonly CheckRow[] }): JSX.Element {
  const { fail, warn, unknown } = checkCounts(rows);
  if (fail > 0) return <Status of="fail" text={`Not ready: ${fail} of ${rows.length} fail`} />;
  if (unknown > 0) return <Status of="unknown" text={`Not known to be ready: ${unknown} unknown`} />;
  if (warn > 0) return <Status of="warn" text={`Ready, with ${warn} warnings`} />;
  return <Status of="pass" text="Ready" />;
}

const NAMES: Readonly<Record<CheckState, string>> = {
  fail: 'Failed',
  warn: 'Warnings',
  unknown: 'Unknown',
  pass: 'Passed',
  'not-applicable': 'Not applicable',
};

function Filter({
  rows,
  only,
}: {
  readonly rows: readonly CheckRow[];
  readonly only: CheckState | undefined;
}): JSX.Element {
  const counts = checkCounts(rows);
  return (
    <div class="choice standalone" role="group" aria-label="Status">
      <button type="button" aria-pressed={only === undefined} onClick={() => setParam('status', '')}>
        All <span class="badge">{rows.length}</span>
      </button>
      {CHECK_STATES.filter((state) => counts[state] > 0).map((state) => (
        <button
          key={state}
          type="button"
          aria-pressed={only === state}
          onClick={() => setParam('status', state)}
        >
          {NAMES[state]} <span class="badge">{counts[state]}</span>
        </button>
      ))}
    </div>
  );
}

function Line({ row }: { readonly row: CheckRow }): JSX.Element {
  const { id, line, status, evidence, checkedAtMs, fix } = row;
  return (
    <li class={`check is-${status}`}>
      <Status of={status} />
      <div class="check-body">
        <p class="check-line">
          <WithCode text={line} />
        </p>
        {evidence.map((text) => (
          <p key={text} class="soft evidence">
            {text}
          </p>
        ))}
        {evidence.length === 0 && <p class="faint evidence">No evidence was given.</p>}
        {(status === 'fail' || status === 'warn') && fix !== '' && (
          <p class="fix">
            Fix: <WithCode text={fix} />
          </p>
        )}
      </div>
      <div class="check-side soft">
        {id !== '' && <code>{id}</code>}
        {checkedAtMs === undefined ? (
          <span>age unknown</span>
        ) : (
          <time title={dateTime(checkedAtMs)}>{ago(checkedAtMs, now.value)}</time>
        )}
      </div>
    </li>
  );
}
