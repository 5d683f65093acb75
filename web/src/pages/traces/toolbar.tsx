import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../../data/client.ts';
import { parseQuery, termText, withoutTerm, withTermTurned } from '../../lib/query.ts';
import { absolute, COLUMNS, type Column, type TraceFilters, writeFilters } from '../../lib/url-state.ts';
import { dateTime } from '../../lib/format.ts';
import { Copy, Select } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';

const RANGES: readonly (readonly [string, string])[] = [
  ['', 'All time'],
  ['-15m', 'Last 15 minutes'],
  ['-1h', 'Last hour'],
  ['-6h', 'Last 6 hours'],
  ['-1d', 'Last day'],
];
const SORT_NAMES = [
  ['time', 'Newest'],
  ['duration', 'Slowest'],
  ['errors', 'Most errors'],
  ['spans', 'Most spans'],
  ['tokens', 'Most tokens'],
] as const;
const COLUMN_NAMES: Readonly<Record<Column, string>> = {
  time: 'Time',
  service: 'Service',
  status: 'Status',
  duration: 'Duration',
  spans: 'Spans',
  llm: 'LLM spans',
  tokens: 'Tokens',
  cost: 'Cost',
  evaluations: 'Evaluations',
};

type Set = (change: Partial<TraceFilters>, replace?: boolean) => void;

export function Toolbar({
  filters,
  set,
  error,
}: {
  readonly filters: TraceFilters;
  readonly set: Set;
  readonly error: ApiError | undefined;
}): JSX.Element {
  const absoluteRange = filters.to !== '' || (filters.from !== '' && !filters.from.startsWith('-'));
  const ranges = absoluteRange ? [...RANGES, [filters.from, rangeText(filters)] as const] : RANGES;
  return (
    <div class="toolbar">
      <Search q={filters.q} set={set} error={error} />
      <Select
        label="Range"
        value={filters.from}
        options={ranges}
        onChange={(from) => set({ from, to: '' })}
      />
      <Select label="Sort" value={filters.sort} options={SORT_NAMES} onChange={(sort) => set({ sort })} />
      <Columns cols={filters.cols} set={set} />
      <Copy
        text={() => `${location.origin}/traces${writeFilters(absolute(filters, Date.now()))}`}
        label="Copy a link to this view, with absolute times"
      >
        Link
      </Copy>
    </div>
  );
}

const rangeText = ({ from, to }: TraceFilters): string =>
  `${from === '' ? '…' : dateTime(Date.parse(from))} – ${to === '' ? 'now' : dateTime(Date.parse(to))}`;

function Search({
  q,
  set,
  error,
}: {
  readonly q: string;
  readonly set: Set;
  readonly error: ApiError | undefined;
}): JSX.Element {
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  const position = error?.position;
  return (
    <form
      class="search"
      role="search"
      aria-label="Traces"
      onSubmit={(event) => {
        event.preventDefault();
        set({ q: text.trim() });
      }}
    >
      <div class="search-box">
        <Icon name="search" />
        <input
          type="text"
          data-search
          value={text}
          placeholder="Search: service:api status:error duration:>100ms"
          aria-label="Search traces"
          aria-invalid={position !== undefined}
          aria-describedby="search-problem"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {text !== '' && (
          <button type="button" class="icon-button" title="Clear" onClick={() => set({ q: '' })}>
            <Icon name="close" />
            <span class="visually-hidden">Clear the search</span>
          </button>
        )}
      </div>
      <div id="search-problem" role="status">
        {position !== undefined && (
          <p class="search-problem bad">
            <code class="caret">
              {q.slice(0, position)}
              <mark>{q.slice(position, position + 1) || ' '}</mark>
              {q.slice(position + 1)}
            </code>
            <span>{error?.message}</span>
          </p>
        )}
      </div>
      <Chips q={q} set={set} />
    </form>
  );
}

function Chips({ q, set }: { readonly q: string; readonly set: Set }): JSX.Element | null {
  const terms = parseQuery(q);
  if (terms.length === 0) return null;
  return (
    <ul class="chips" aria-label="Terms of the search">
      {terms.map((term, i) => (
        <li key={i} class={term.negated ? 'chip not' : 'chip'}>
          <button
            type="button"
            aria-pressed={term.negated}
            title={term.negated ? 'Excluded; click to include' : 'Included; click to exclude'}
            onClick={() => set({ q: withTermTurned(q, i) })}
          >
            {term.negated && <span class="chip-not">not</span>}
            {termText({ ...term, negated: false })}
          </button>
          <button
            type="button"
            class="chip-close"
            title="Remove"
            onClick={() => set({ q: withoutTerm(q, i) })}
          >
            <Icon name="close" />
            <span class="visually-hidden">Remove {termText(term)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Columns({ cols, set }: { readonly cols: readonly Column[]; readonly set: Set }): JSX.Element {
  return (
    <details class="menu">
      <summary class="button">
        <Icon name="columns" />
        Columns
      </summary>
      <div class="menu-body" role="group" aria-label="Columns">
        {COLUMNS.map((name) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={cols.includes(name)}
              onChange={(event) => {
                const on = event.currentTarget.checked;
                set({ cols: COLUMNS.filter((one) => (one === name ? on : cols.includes(one))) }, true);
              }}
            />
            {COLUMN_NAMES[name]}
          </label>
        ))}
      </div>
    </details>
  );
}
