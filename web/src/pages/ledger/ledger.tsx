import type { JSX } from 'preact';
import type { ProcessesJson, SettingsJson } from '../../../../src/workbench/api/types.ts';
import { health, ledger, paused, settings, unreachable } from '../../data/live.ts';
import { useResource } from '../../data/resource.ts';
import { bytes, clockTime, count, dateTime } from '../../lib/format.ts';
import { type Arrivals, gapOf, KIND_NAMES, KINDS } from '../../lib/ledger.ts';
import { Chart } from '../../ui/chart.tsx';
import { Loading, Problem } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { Sources } from './sources.tsx';
import { TableHead } from '../../ui/table-head.tsx';

/** Where every signal is: at the workbench, on its way on, and in the processes that made it. */
export function LedgerPage(): JSX.Element {
  const processes = useResource<ProcessesJson>('/api/processes', {
    live: !paused.value,
    keep: true,
    pollMs: 5000,
  });
  const counts = ledger.value;
  return (
    <>
      <header class="page-head">
        <h1>Ledger</h1>
        <p class="soft">Where every signal is. What is lost is red, and has a reason.</p>
      </header>
      {counts !== undefined && <AtWorkbench counts={counts} />}
      {counts === undefined && unreachable.value === undefined && <Loading what="the ledger" />}
      <Rejections />
      <Forwarding />
      {processes.error !== undefined && (
        <Problem error={processes.error} lastGoodMs={processes.lastGoodMs} retry={processes.refresh} />
      )}
      {processes.data !== undefined && <Sources answer={processes.data} />}
    </>
  );
}

const PARTS = [
  ['stored', 'kept', 'good'],
  ['duplicates', 'duplicates', 'quiet'],
  ['evicted', 'evicted', 'warn'],
  ['rejected', 'rejected', 'bad'],
] as const;

function AtWorkbench({
  counts,
}: {
  readonly counts: Readonly<Record<(typeof KINDS)[number], Arrivals>>;
}): JSX.Element {
  const columns = ['Signal', 'Received', 'Kept', 'Evicted', 'Rejected', 'Duplicates', 'Unaccounted'];
  const rows = KINDS.map((kind) => {
    const { received, stored, evicted, rejected, duplicates } = counts[kind];
    return [KIND_NAMES[kind], received, stored, evicted, rejected, duplicates, gapOf(counts[kind])] as const;
  });
  const state = health.value;
  return (
    <>
      <Chart
        title="At the workbench"
        note={
          state === undefined
            ? ''
            : `${bytes(state.storedBytes)} of ${bytes(state.maxStoredBytes)} in use${keptIn(settings.value)}`
        }
        columns={columns}
        rows={rows}
      >
        <div class="flows">
          {KINDS.map((kind) => (
            <Flow key={kind} name={KIND_NAMES[kind]} counts={counts[kind]} />
          ))}
          <ul class="legend">
            {PARTS.map(([, name, tone]) => (
              <li key={name}>
                <span class={`swatch t-${tone}`} aria-hidden="true" />
                {name}
              </li>
            ))}
          </ul>
        </div>
      </Chart>
      {counts.spans.received + counts.llmSpans.received + counts.evaluations.received === 0 && (
        <p class="soft">
          Nothing has arrived since the start. <a href="/traces">How to send something</a>
        </p>
      )}
    </>
  );
}

/** Whether what is shown here outlives the workbench. */
function keptIn(said: SettingsJson | undefined): string {
  if (said === undefined) return '';
  const { path } = said.database;
  return path === null ? ', in memory: gone with the workbench, --db FILE keeps it' : `, in ${path}`;
}

function Flow({ name, counts }: { readonly name: string; readonly counts: Arrivals }): JSX.Element {
  const { received } = counts;
  const gap = gapOf(counts);
  return (
    <div class="flow">
      <span class="flow-name">{name}</span>
      <span class="flow-received">
        <b>{count(received)}</b> <span class="soft">received</span>
      </span>
      <span class="flow-bar" aria-hidden="true">
        {PARTS.map(
          ([part, , tone]) =>
            counts[part] > 0 && (
              <span
                key={part}
                class={`t-${tone}`}
                style={{ width: `max(3px, ${(counts[part] / received) * 100}%)` }}
              />
            ),
        )}
      </span>
      <span class="flow-parts">
        {PARTS.map(([part, word, tone]) => (
          <span
            key={part}
            class={
              counts[part] > 0 && (tone === 'bad' || tone === 'warn')
                ? tone
                : counts[part] === 0
                  ? 'faint'
                  : ''
            }
          >
            <b>{count(counts[part])}</b> {word}
          </span>
        ))}
        {gap !== 0 && (
          <span class="bad">
            <b>{count(gap)}</b> unaccounted
          </span>
        )}
      </span>
    </div>
  );
}

function Rejections(): JSX.Element | null {
  const state = health.value;
  if (state === undefined || (state.lastRejections.length === 0 && state.failedRequests === 0)) return null;
  return (
    <section class="panel-card">
      <h2>Refused</h2>
      {state.failedRequests > 0 && (
        <p class="bad">
          {count(state.failedRequests)} requests could not be stored: {state.lastFailure}
        </p>
      )}
      {state.lastRejections.length > 0 && (
        <table class="data">
          <caption class="visually-hidden">Latest rejections</caption>
          <TableHead of={[['Time', 'time'], 'Signal', 'Reason']} />
          <tbody>
            {state.lastRejections.map(({ atMs, kind, reason }, i) => (
              <tr key={i}>
                <td class="time">
                  <time title={dateTime(atMs)}>{clockTime(atMs)}</time>
                </td>
                <td>
                  {KINDS.find((one) => one === kind) === undefined
                    ? kind
                    : KIND_NAMES[kind as (typeof KINDS)[number]]}
                </td>
                <td class="bad">{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Accepted but not forwarded is an error, not a detail. */
function Forwarding(): JSX.Element | null {
  const forward = settings.value?.forward;
  if (forward == null) return null;
  const failed = forward.refused + forward.dropped > 0 || forward.status === 'failing';
  return (
    <section class="panel-card">
      <h2>
        Forwarded{' '}
        <Status of={failed ? 'error' : 'ok'} text={failed ? 'accepted but not forwarded' : 'all forwarded'} />
      </h2>
      <p class="soft">
        to <code>{forward.url}</code>
        {forward.lastSuccessMs !== null && `, last success at ${clockTime(forward.lastSuccessMs)}`}
      </p>
      <dl class="figures">
        {(['accepted', 'forwarded', 'waiting', 'refused', 'dropped'] as const).map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class={(name === 'refused' || name === 'dropped') && forward[name] > 0 ? 'bad' : ''}>
              {count(forward[name])}
            </dd>
          </div>
        ))}
      </dl>
      {forward.lastError !== null && <p class="bad">{forward.lastError}</p>}
    </section>
  );
}
