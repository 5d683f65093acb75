import type { ComponentChildren, JSX } from 'preact';

export type OnFilter = (key: string, value: string, negated: boolean) => void;

/** A value that becomes a filter: a click adds it, with Shift it is excluded. */
export function Value({
  of,
  value,
  onFilter,
  children,
}: {
  readonly of: string;
  readonly value: string;
  readonly onFilter: OnFilter;
  readonly children?: ComponentChildren;
}): JSX.Element {
  if (value === '') return <span class="faint">–</span>;
  return (
    <button
      type="button"
      class="value"
      title={`Only ${of}:${value} (with Shift: all but those)`}
      onClick={(event) => onFilter(of, value, event.shiftKey)}
    >
      {children ?? value}
    </button>
  );
}
