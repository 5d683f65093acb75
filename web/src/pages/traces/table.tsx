import type { JSX } from 'preact';
import type { TraceRow } from '../../../../src/workbench/api/types.ts';
import { clockTime, cost, count, dateTime, duration } from '../../lib/format.ts';
import { tracePath } from '../../lib/routes.ts';
import type { Column } from '../../lib/url-state.ts';
import { Status } from '../../ui/status.tsx';
import { Value, type OnFilter } from './value.tsx';

interface Cell {
  readonly name: string;
  readonly class?: string;
  readonly draw: (
    row: TraceRow,
    at: { readonly slowestMs: number; readonly onFilter: OnFilter },
  ) => JSX.Element | string;
}

const none = <span class="faint">–</span>;
const number = (value: number | null): JSX.Element | string =>
  value === null || value === 0 ? none : count(value);

const CELLS: Readonly<Record<Column, Cell>> = {
  time: {
    name: 'Time',
    class: 'time',
    draw: ({ startMs }) => <time title={dateTime(startMs)}>{clockTime(startMs, true)}</time>,
  },
  service: {
    name: 'Service',
    draw: ({ service }, { onFilter }) => <Value of="service" value={service} onFilter={onFilter} />,
  },
  status: {
    name: 'Status',
    draw: ({ status, errors }, { onFilter }) => (
      <Value of="status" value={status} onFilter={onFilter}>
        <Status of={status} {...(errors > 1 ? { text: `${count(errors)} errors` } : {})} />
      </Value>
    ),
  },
  duration: {
    name: 'Duration',
    class: 'duration',
    draw: ({ durationMs, status }, { slowestMs }) => (
      <span class="bar-cell">
        <span class={`bar ${status}`} aria-hidden="true">
          <span style={{ width: `${Math.max(1, (durationMs / slowestMs) * 100)}%` }} />
        </span>
        <span>{duration(durationMs)}</span>
      </span>
    ),
  },
  spans: {
    name: 'Spans',
    class: 'num',
    draw: ({ spans, evictedSpans }) =>
      evictedSpans === 0 ? (
        count(spans)
      ) : (
        <span title={`${count(evictedSpans)} of them evicted`}>
          {count(spans - evictedSpans)} of {count(spans)}
        </span>
      ),
  },
  llm: { name: 'LLM', class: 'num', draw: ({ llmSpans }) => number(llmSpans) },
  tokens: { name: 'Tokens', class: 'num', draw: ({ tokens }) => number(tokens) },
  cost: {
    name: 'Cost',
    class: 'num',
    draw: ({ costUsd, costPartial, llmSpans }) =>
      costUsd === null ? (
        <span class="faint">{llmSpans > 0 ? 'unpriced' : '–'}</span>
      ) : (
        <span title={costPartial ? 'At least: some calls have no price' : 'As the spans say'}>
          {cost(costUsd, costPartial)}
        </span>
      ),
  },
  evaluations: { name: 'Evals', class: 'num', draw: ({ evaluations }) => number(evaluations) },
};

export function TraceTable({
  rows,
  cols,
  peek,
  onPeek,
  onFilter,
}: {
  readonly rows: readonly TraceRow[];
  readonly cols: readonly Column[];
  readonly peek: string;
  readonly onPeek: (traceId: string) => void;
  readonly onFilter: OnFilter;
}): JSX.Element {
  const at = { slowestMs: Math.max(...rows.map(({ durationMs }) => durationMs), 1e-6), onFilter };
  const cells = cols.map((name) => [name, CELLS[name]] as const);
  const before = cells.filter(([name]) => name === 'time');
  const after = cells.filter(([name]) => name !== 'time');
  const head = ([name, cell]: readonly [Column, Cell]): JSX.Element => (
    <th key={name} scope="col" class={cell.class ?? ''}>
      {cell.name}
    </th>
  );
  return (
    <div class="table-frame">
      <table class="data trace-table">
        <caption class="visually-hidden">Traces</caption>
        <thead>
          <tr>
            {before.map(head)}
            <th scope="col">Name</th>
            {after.map(head)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const draw = ([name, cell]: readonly [Column, Cell]): JSX.Element => (
              <td key={name} class={cell.class ?? ''}>
                {cell.draw(row, at)}
              </td>
            );
            return (
              <tr
                key={row.traceId}
                class={row.traceId === peek ? 'on' : ''}
                onClick={(event) => {
                  if ((event.target as Element).closest('a, button') === null) onPeek(row.traceId);
                }}
              >
                {before.map(draw)}
                <td class="name">
                  <a href={tracePath(row.traceId)}>{row.name || '(no name)'}</a>
                  {row.resource !== row.name && row.resource !== '' && (
                    <span class="soft resource">{row.resource}</span>
                  )}
                  {row.roots === 0 && (
                    <span
                      class="flag"
                      title="No span without a parent is stored: the root is elsewhere, or still to come"
                    >
                      no root
                    </span>
                  )}
                </td>
                {after.map(draw)}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
