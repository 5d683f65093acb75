import type { JSX } from 'preact';
import type { ProvidedRow } from '../../../src/workbench/api/types.ts';
import { now, paused } from '../data/live.ts';
import { useResource } from '../data/resource.ts';
import { ago, plural } from '../lib/format.ts';
import { alertRows, type AlertRow } from '../lib/rows.ts';
import { WithCode } from '../ui/controls.tsx';
import { Empty, Loading, Problem } from '../ui/states.tsx';
import { Status } from '../ui/status.tsx';
import { TableHead } from '../ui/table-head.tsx';

/** What somebody must be told of: whether it fires, since when, and by which figures. */
export function AlertsPage(): JSX.Element {
  const answer = useResource<{ readonly alerts: readonly ProvidedRow[] }>('/api/alerts', {
    live: !paused.value,
    keep: true,
    // Also when nothing arrives: that is what one of them is about.
    pollMs: 5000,
  });
  const rows = alertRows(answer.data?.alerts ?? []);
  const firing = rows.filter(({ state }) => state === 'firing').length;
  return (
    <>
      <header class="page-head">
        <h1>Alerts</h1>
        {rows.length > 0 && (
          <p class="soft">
            {firing === 0 ? 'None fires' : plural(firing, 'alert fires', 'alerts fire')}, of {rows.length}. No
            data is not OK.
          </p>
        )}
      </header>
      {answer.error !== undefined && (
        <Problem error={answer.error} lastGoodMs={answer.lastGoodMs} retry={answer.refresh} />
      )}
      {answer.loading && <Loading what="alerts" />}
      {answer.data !== undefined && rows.length === 0 && (
        <Empty icon="alerts" title="No alert is evaluated here">
          <p>
            In a process, <code>KEEPSPAN_ALERTS=1</code> evaluates them; as monitors elsewhere they are
            written by
          </p>
          <div class="snippet">
            <pre tabIndex={0}>keepspan alerts generate --to prometheus</pre>
          </div>
        </Empty>
      )}
      {rows.length > 0 && (
        <div class="table-frame" tabIndex={0} role="region" aria-label="Alerts, as a table">
          <table class="data">
            <caption class="visually-hidden">Alerts</caption>
            <TableHead
              of={['State', 'Alert', 'Severity', ['Value', 'num'], ['Threshold', 'num'], 'Since', 'Evidence']}
            />
            <tbody>
              {rows.map((row) => (
                <AlertLine key={row.id} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

const figure = (value: number | undefined): JSX.Element | string =>
  value === undefined ? <span class="faint">–</span> : String(Number(value.toFixed(3)));

/** Times below this are no wall-clock times: a process that has just begun may say 0. */
const YEAR_2000_MS = 946_684_800_000;

function AlertLine({ row }: { readonly row: AlertRow }): JSX.Element {
  const { id, title, severity, state, value, threshold, sinceMs, evidence, fix } = row;
  return (
    <tr class={state === 'firing' ? 'firing' : ''}>
      <td>
        <Status of={state} />
      </td>
      <td class="wrap">
        <b>{title}</b>
        <code class="code">{id}</code>
      </td>
      <td class="soft">{severity}</td>
      <td class="num">{figure(value)}</td>
      <td class="num">{figure(threshold)}</td>
      <td class="nowrap">
        {sinceMs === undefined || sinceMs < YEAR_2000_MS ? (
          <span class="faint">–</span>
        ) : (
          ago(sinceMs, now.value)
        )}
      </td>
      <td class="reason">
        {evidence === '' ? (
          <span class="faint">{state === 'no-data' ? 'nothing is known of it' : 'never true so far'}</span>
        ) : (
          evidence
        )}
        {state !== 'quiet' && fix !== '' && (
          <span class="fix">
            Fix: <WithCode text={fix} />
          </span>
        )}
      </td>
    </tr>
  );
}
