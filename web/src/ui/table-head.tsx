import type { JSX } from 'preact';

/** A column's name; with its kind where it is not text: numbers stand on the right, times are narrow. */
export type Column = string | readonly [name: string, kind: 'num' | 'time'];

/** The head of a table of rows. */
export function TableHead({ of }: { readonly of: readonly Column[] }): JSX.Element {
  return (
    <thead>
      <tr>
        {of.map((column) => {
          const [name, kind] = typeof column === 'string' ? [column, ''] : column;
          return (
            <th key={name} scope="col" class={kind}>
              {name}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
