import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { TraceRow, TracesPage as Answer } from '../../../../src/workbench/api/types.ts';
import { LatencyScatter } from '../../charts/scatter.tsx';
import { ledger, paused } from '../../data/live.ts';
import { navigate, search } from '../../data/location.ts';
import { useMore } from '../../data/more.ts';
import { useResource } from '../../data/resource.ts';
import { plural } from '../../lib/format.ts';
import { withTerm } from '../../lib/query.ts';
import { tracePath } from '../../lib/routes.ts';
import {
  type Column,
  readFilters,
  type TraceFilters,
  tracesQuery,
  writeFilters,
} from '../../lib/url-state.ts';
import { Counts } from '../../ui/counts.tsx';
import { ListFoot } from '../../ui/list-foot.tsx';
import { Empty, Loading, Problem } from '../../ui/states.tsx';
import { Peek } from './peek.tsx';
import { TraceTable } from './table.tsx';
import { Toolbar } from './toolbar.tsx';
import { Waiting } from './waiting.tsx';

const PAGE_ROWS = 100;

/** Bounds of time that depend on now stay the same until the next step, or every drawing would ask anew. */
const STEP_MS = 5000;
const stepped = (ms: number): number => Math.floor(ms / STEP_MS) * STEP_MS;

/** What of the list there is room for beside the peek. */
const BESIDE_PEEK: ReadonlySet<Column> = new Set<Column>(['time', 'status', 'duration', 'tokens', 'cost']);

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea, select, dialog') !== null;

export function TracesPage(): JSX.Element {
  const filters = readFilters(search.value);
  const set = (change: Partial<TraceFilters>, replace = false): void =>
    navigate(`/traces${writeFilters({ ...filters, ...change })}`, { replace });
  const asked = tracesQuery(filters, stepped(Date.now()), PAGE_ROWS);
  const answer = useResource<Answer>(`/api/traces?${asked}`, { live: !paused.value, keep: true });
  const more = useMore<TraceRow, Answer>({
    of: `${filters.q}|${filters.from}|${filters.to}|${filters.sort}`,
    first: answer.data,
    hrefOf: (cursor) => `/api/traces?${tracesQuery(filters, stepped(Date.now()), PAGE_ROWS, cursor)}`,
    read: ({ traces }) => traces,
    keyOf: ({ traceId }) => traceId,
  });
  const { rows } = more;

  const peek = (traceId: string): void => set({ peek: traceId }, filters.peek !== '');
  const filter = (key: string, value: string, negated: boolean): void =>
    set({ q: withTerm(filters.q, { key, value, negated }) });

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const at = rows.findIndex(({ traceId }) => traceId === filters.peek);
      if (event.key === 'j' || event.key === 'k') {
        const next = rows[Math.max(0, at + (event.key === 'j' ? 1 : -1))];
        if (next !== undefined) peek(next.traceId);
      } else if (event.key === 'Escape' && filters.peek !== '') set({ peek: '' });
      else if (
        event.key === 'Enter' &&
        filters.peek !== '' &&
        !(event.target as Element).closest('a, button')
      )
        navigate(tracePath(filters.peek));
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });

  const counts = answer.data?.counts ?? ledger.value?.spans;
  const peeked = rows.find(({ traceId }) => traceId === filters.peek);
  return (
    <div class={`traces ${filters.peek === '' ? '' : 'peeking'}`}>
      <div class="traces-list" aria-busy={answer.stale}>
        <header class="page-head">
          <h1>Traces</h1>
          {counts !== undefined && <Counts counts={counts} of="spans" />}
        </header>
        <Toolbar filters={filters} set={set} error={answer.error} />
        {answer.error !== undefined && answer.error.position === undefined && answer.error.status !== 0 && (
          <Problem error={answer.error} lastGoodMs={answer.lastGoodMs} retry={answer.refresh} />
        )}
        {answer.loading && <Loading what="traces" />}
        {rows.length > 0 && (
          <>
            <LatencyScatter rows={rows} peek={filters.peek} onPeek={peek} />
            <TraceTable
              rows={rows}
              cols={filters.peek === '' ? filters.cols : filters.cols.filter((name) => BESIDE_PEEK.has(name))}
              peek={filters.peek}
              onPeek={peek}
              onFilter={filter}
            />
            <ListFoot
              more={more}
              said={`${plural(rows.length, 'trace')} shown${
                answer.data?.scan.complete === false
                  ? ' (the search stopped for time; more may match further back)'
                  : ''
              }`}
            />
          </>
        )}
        {!answer.loading && rows.length === 0 && answer.data !== undefined && (
          <Nothing
            filters={filters}
            received={counts?.received ?? 0}
            evicted={counts?.evicted ?? 0}
            set={set}
          />
        )}
      </div>
      {filters.peek !== '' && (
        <Peek
          key={filters.peek}
          traceId={filters.peek}
          row={peeked}
          onClose={() => set({ peek: '' })}
          onFilter={filter}
        />
      )}
    </div>
  );
}

/** Nothing came, nothing matches, and everything was evicted are three different things. */
function Nothing({
  filters,
  received,
  evicted,
  set,
}: {
  readonly filters: TraceFilters;
  readonly received: number;
  readonly evicted: number;
  readonly set: (change: Partial<TraceFilters>) => void;
}): JSX.Element {
  if (filters.q !== '' || filters.from !== '' || filters.to !== '') {
    return (
      <Empty icon="search" title="No results">
        <p>
          No trace in the store matches this search{evicted > 0 ? '; what was evicted is not searched' : ''}.
        </p>
        <button type="button" class="button" onClick={() => set({ q: '', from: '', to: '' })}>
          Clear the search
        </button>
      </Empty>
    );
  }
  if (received > 0) {
    return (
      <Empty icon="lost" title={evicted > 0 ? 'Evicted' : 'Nothing is stored'}>
        <p>
          Spans arrived, but none is in the store any more. The <a href="/ledger">ledger</a> says what became
          of them.
        </p>
      </Empty>
    );
  }
  return <Waiting />;
}
