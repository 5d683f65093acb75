import type { ComponentChildren, JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Kind } from '../lib/ledger.ts';
import { Toggle } from './controls.tsx';
import { LossNote } from './loss-note.tsx';
import { TableHead } from './table-head.tsx';

/** A chart with the table of its figures behind it. */
export function Chart({
  title,
  note,
  of,
  columns,
  rows,
  children,
}: {
  readonly title: string;
  readonly note?: ComponentChildren;
  /** The signals it is made of: what of them is lost or evicted is said beside the title. */
  readonly of?: Kind;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly children: ComponentChildren;
}): JSX.Element {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption>
        <h2 id={id}>{title}</h2>
        <span class="soft">{note}</span>
        {of !== undefined && <LossNote kind={of} />}
        <span class="spacer" />
        <Toggle pressed={asTable} onChange={setAsTable} icon="table" title="The figures as a table">
          Table
        </Toggle>
      </figcaption>
      {asTable ? (
        <div class="chart-table" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          <table class="data">
            <TableHead of={columns} />
            <tbody>
              {rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j} class={typeof cell === 'number' ? 'num' : ''}>
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        children
      )}
    </figure>
  );
}
