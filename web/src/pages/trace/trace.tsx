import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { NoTrace } from '../../../../src/workbench/api/types.ts';
import { paused, tick } from '../../data/live.ts';
import { navigate, param, setParam } from '../../data/location.ts';
import type { ApiError } from '../../data/client.ts';
import { clockTime, count, dateTime } from '../../lib/format.ts';
import { tracePath } from '../../lib/routes.ts';
import { buildTree, reveal, visibleRows } from '../../lib/tree.ts';
import { Empty, Loading, Problem } from '../../ui/states.tsx';
import { fieldsOf, textOf } from '../../lib/fields.ts';
import { Detail } from './detail.tsx';
import { useFind } from './find.ts';
import { TraceHead } from './head.tsx';
import { useResolved, useTrace } from './load.ts';
import { Splitter, useSplit } from './splitter.tsx';
import { Waterfall } from './waterfall.tsx';

/** One trace. `given` is its id in any notation. */
export function TracePage({ given }: { readonly given: string }): JSX.Element {
  const [again, setAgain] = useState(0);
  const retry = (): void => setAgain((n) => n + 1);
  const turn = `${useTurn()} ${again}`;
  const resolved = useResolved(given, turn);
  const traceId = resolved.id?.traceId;
  useEffect(() => {
    if (resolved.id === undefined || resolved.id.traceId === given) return;
    navigate(tracePath(resolved.id.traceId, resolved.id.spanId ?? param('span')), { replace: true });
  }, [traceId]);

  const { trace, error, lastGoodMs } = useTrace(traceId, turn);
  const problem = resolved.error ?? error;
  if (trace === undefined) {
    return (
      <>
        <h1 class="visually-hidden">Trace</h1>
        {problem === undefined && <Loading what="the trace" />}
        {problem !== undefined &&
          (problem.status === 404 ? (
            <NotThere error={problem} />
          ) : (
            <Problem error={problem} lastGoodMs={lastGoodMs} retry={retry} />
          ))}
      </>
    );
  }
  return (
    <>
      {problem !== undefined && <Problem error={problem} lastGoodMs={lastGoodMs} retry={retry} />}
      <Loaded traceId={traceId!} trace={trace} />
    </>
  );
}

/** A trace that is looked at is loaded again every few arrivals, not at every one. */
const TURN_MS = 4000;
function useTurn(): number {
  const [turn, setTurn] = useState(0);
  const ticks = tick.value;
  const isPaused = paused.value;
  useEffect(() => {
    if (ticks === 0 || isPaused) return;
    const timer = setTimeout(() => setTurn(ticks), TURN_MS);
    return () => clearTimeout(timer);
  }, [Math.ceil(ticks / 4), isPaused]);
  return turn;
}

function NotThere({ error }: { readonly error: ApiError }): JSX.Element {
  const { reason, evictedAtMs, sampledOutSpans } = fieldsOf(error.body) as Partial<NoTrace>;
  const ledgerLink = <a href="/ledger">the ledger</a>;
  if (reason === 'evicted') {
    return (
      <Empty icon="lost" title="Evicted">
        <p>
          This trace was stored and made room for newer ones
          {evictedAtMs == null ? '' : ` at ${clockTime(evictedAtMs)}`}. What it was counted as stands in{' '}
          {ledgerLink}.
        </p>
      </Empty>
    );
  }
  return (
    <Empty icon="unknown" title="Not received">
      <p>
        {textOf(error.message) === ''
          ? 'No span of this trace arrived here.'
          : `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`}
        {sampledOutSpans != null &&
          sampledOutSpans > 0 &&
          ` ${count(sampledOutSpans)} spans were sampled out at their source; this may be one.`}
      </p>
      <p>
        What became of signals says {ledgerLink}. <a href="/traces">All traces</a>
      </p>
    </Empty>
  );
}

function Loaded({
  traceId,
  trace,
}: {
  readonly traceId: string;
  readonly trace: NonNullable<ReturnType<typeof useTrace>['trace']>;
}): JSX.Element {
  const tree = useMemo(() => buildTree(trace.spans, trace.llmSpans), [trace.spans, trace.llmSpans]);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => visibleRows(tree, folded), [tree, folded]);
  const find = param('find');
  const found = useFind(traceId, trace, find);
  const split = useSplit();

  const wanted = param('span');
  const active = tree.nodes.get(wanted) ?? tree.roots[0];
  const select = (id: string): void => {
    setFolded((before) => reveal(tree, before, id));
    setParam('span', id);
  };
  const matches = useMemo(
    () => (found.ids.size === 0 ? [] : visibleRows(tree, new Set()).filter(({ id }) => found.ids.has(id))),
    [tree, found.ids],
  );
  const step = (by: 1 | -1): void => {
    if (matches.length === 0) return;
    const at = matches.findIndex(({ id }) => id === active?.id);
    const next =
      at === -1 ? (by === 1 ? 0 : matches.length - 1) : (at + by + matches.length) % matches.length;
    select(matches[next]!.id);
  };

  return (
    <div class="trace" style={split.style}>
      <TraceHead
        traceId={traceId}
        trace={trace}
        tree={tree}
        found={found}
        matches={matches}
        active={active}
        onStep={step}
      />
      {tree.missingParents.length > 0 && trace.complete && (
        <p class="notice">
          <b>Partial trace.</b> {count(tree.missingParents.length)} parent
          {tree.missingParents.length === 1 ? '' : 's'} named by spans{' '}
          {tree.missingParents.length === 1 ? 'is' : 'are'} not here:{' '}
          {tree.missingParents.slice(0, 3).map((id) => (
            <code key={id}>{id} </code>
          ))}
          {tree.missingParents.length > 3 && '…'}
        </p>
      )}
      <div class="trace-body">
        <Waterfall
          tree={tree}
          rows={rows}
          logs={trace.logs}
          evaluations={trace.evaluations}
          folded={folded}
          onFold={setFolded}
          active={active}
          onSelect={select}
          hits={found.ids}
          onStep={step}
        />
        <Splitter split={split} />
        {active !== undefined && (
          <Detail
            key={active.id}
            traceId={traceId}
            trace={trace}
            node={active}
            nodes={tree.nodes}
            find={find}
            onSelect={select}
          />
        )}
      </div>
      <p class="visually-hidden" role="status">
        {trace.complete
          ? `${count(trace.spans.length)} spans, from ${dateTime(tree.startMs)}`
          : 'Loading spans'}
      </p>
    </div>
  );
}
