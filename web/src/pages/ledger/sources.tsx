import type { JSX } from 'preact';
import type { ProcessesJson } from '../../../../src/workbench/api/types.ts';
import { now } from '../../data/live.ts';
import { ago, count, plural } from '../../lib/format.ts';
import {
  KIND_NAMES,
  KINDS,
  type SourceLedger,
  sourceLedger,
  sourceProcess,
  sumOf,
} from '../../lib/ledger.ts';
import { Icon } from '../../ui/icon.tsx';
import { Status } from '../../ui/status.tsx';
import { TableHead } from '../../ui/table-head.tsx';

/** What the processes that wrote a journal say of their signals: created at the source, and what became of them. */
export function Sources({ answer }: { readonly answer: ProcessesJson }): JSX.Element {
  const { journal, ledger, processes, closedProcesses, maybeTwice, error } = answer;
  if (journal === null) {
    return (
      <section class="panel-card">
        <h2>At the source</h2>
        <p class="soft">
          What the processes themselves counted as created, delivered, pending, dropped or lost stands in
          their journal. Start the workbench with <code>keepspan dev --journal DIR</code> to see it here.
        </p>
      </section>
    );
  }
  return (
    <section class="panel-card">
      <h2>At the source</h2>
      <p class="soft">
        journal <code>{journal}</code>, {plural(processes.length + closedProcesses, 'process', 'processes')}
        {maybeTwice > 0 && `, ${count(maybeTwice)} signals may have arrived twice`}
      </p>
      {error !== null && (
        <p class="bad">
          <Icon name="error" /> The journal cannot be read: {error}
        </p>
      )}
      {ledger != null && <SourceTable name="All processes" ledger={ledger} />}
      {processes.map(sourceProcess).map((process) => (
        <details key={process.id} class="process">
          <summary>
            <Status of={process.state} />
            <b>{process.service || 'process'}</b>
            {process.pid !== undefined && <span class="soft">pid {process.pid}</span>}
            <span class="spacer" />
            <span class="soft">
              {process.oldestMs === undefined
                ? 'nothing waits'
                : `oldest pending ${ago(process.oldestMs, now.value)}`}
            </span>
          </summary>
          <SourceTable name={process.service} ledger={process.ledger} />
        </details>
      ))}
    </section>
  );
}

const COLUMNS = [
  'created',
  'delivered',
  'pending',
  'inTransit',
  'sampledOut',
] as const satisfies readonly (keyof SourceLedger)[];
const NAMES = {
  created: 'Created',
  delivered: 'Delivered',
  pending: 'Pending',
  inTransit: 'In transit',
  sampledOut: 'Sampled out',
} as const;

function SourceTable({ name, ledger }: { readonly name: string; readonly ledger: unknown }): JSX.Element {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={`Ledger of ${name}, as a table`}>
      <table class="data">
        <caption class="visually-hidden">Ledger of {name}</caption>
        <TableHead
          of={[
            'Signal',
            ...COLUMNS.map((column) => [NAMES[column], 'num'] as const),
            ['Dropped', 'num'],
            ['Lost', 'num'],
            ['Unaccounted', 'num'],
            'Reasons',
          ]}
        />
        <tbody>
          {KINDS.map((kind) => {
            const one = sourceLedger(ledger, kind);
            const lost = sumOf(one.lost);
            return (
              <tr key={kind}>
                <th scope="row">{KIND_NAMES[kind]}</th>
                {COLUMNS.map((column) => (
                  <td key={column} class="num">
                    {count(one[column])}
                    {column === 'pending' && one.atRisk > 0 && (
                      <small class="warn"> {count(one.atRisk)} at risk</small>
                    )}
                  </td>
                ))}
                <td class="num">{count(sumOf(one.dropped))}</td>
                <td class={lost > 0 ? 'num bad' : 'num'}>
                  {lost > 0 && <Icon name="error" />} {count(lost)}
                </td>
                <td class={one.unaccounted === 0 ? 'num' : 'num bad'}>
                  {one.unaccounted !== 0 && <Icon name="error" />} {count(one.unaccounted)}
                </td>
                <td class="reason">
                  <Reasons ledger={one} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Reasons({ ledger }: { readonly ledger: SourceLedger }): JSX.Element {
  const { dropped, lost, unobserved, unaccounted } = ledger;
  const said = [
    ...lost.map(([reason, n]) => ({ bad: true, text: `${count(n)} lost: ${reason}` })),
    ...dropped.map(([reason, n]) => ({ bad: false, text: `${count(n)} dropped: ${reason}` })),
    ...(unobserved > 0 ? [{ bad: false, text: `${count(unobserved)} went past custody, unobserved` }] : []),
    ...(unaccounted === 0
      ? []
      : [{ bad: true, text: 'created is not the sum of the rest: run keepspan verify' }]),
  ];
  if (said.length === 0) return <span class="faint">–</span>;
  return (
    <>
      {said.map(({ bad, text }) => (
        <span key={text} class={bad ? 'bad reason-line' : 'soft reason-line'}>
          {text}
        </span>
      ))}
    </>
  );
}
