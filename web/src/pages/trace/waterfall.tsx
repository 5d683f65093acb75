import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EvaluationRowJson, LogRowJson } from '../../../../src/workbench/api/types.ts';
import { duration } from '../../lib/format.ts';
import { judgedSpan } from '../../lib/evaluations.ts';
import { linear } from '../../lib/scale.ts';
import type { Tree, TreeNode } from '../../lib/tree.ts';
import { scrollToRow, windowOf } from '../../lib/virtual.ts';
import { type Columns, Row, ROW_PX } from './row.tsx';

interface Props {
  readonly tree: Tree;
  readonly rows: readonly TreeNode[];
  readonly logs: readonly LogRowJson[];
  readonly evaluations: readonly EvaluationRowJson[];
  readonly folded: ReadonlySet<string>;
  readonly onFold: (folded: ReadonlySet<string>) => void;
  readonly active: TreeNode | undefined;
  readonly onSelect: (id: string) => void;
  readonly hits: ReadonlySet<string>;
  readonly onStep: (by: 1 | -1) => void;
}

/** Lines without a span stand on the trace's first row. */
function logsBySpan(logs: readonly LogRowJson[], tree: Tree): ReadonlyMap<string, readonly LogRowJson[]> {
  const by = new Map<string, LogRowJson[]>();
  const root = tree.roots[0]?.id ?? '';
  for (const log of logs) {
    const id = tree.nodes.has(log.spanId) ? log.spanId : root;
    const known = by.get(id);
    if (known === undefined) by.set(id, [log]);
    else known.push(log);
  }
  return by;
}

/** Columns that no span of the trace has anything for are left out. */
function columnsOf(tree: Tree): Columns {
  const llm = [...tree.nodes.values()].flatMap(({ llm: span }) => (span === undefined ? [] : [span]));
  return {
    tokens: llm.some(({ totalTokens }) => totalTokens !== null),
    cost: llm.some(({ costUsd }) => costUsd !== null),
  };
}

/** The waterfall: an ARIA tree grid of which only the rows in view, and the active one, are in the document. */
export function Waterfall({
  tree,
  rows,
  logs,
  evaluations,
  folded,
  onFold,
  active,
  onSelect,
  hits,
  onStep,
}: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [scrollPx, setScrollPx] = useState(0);
  const [heightPx, setHeightPx] = useState(600);
  const wantsFocus = useRef(false);
  const at = useMemo(() => new Map(rows.map((node, i) => [node.id, i])), [rows]);
  const byLogs = useMemo(() => logsBySpan(logs, tree), [logs, tree]);
  const judged = useMemo(() => Map.groupBy(evaluations, judgedSpan), [evaluations]);
  const columns = useMemo(() => columnsOf(tree), [tree]);
  const activeAt = at.get(active?.id ?? '') ?? 0;
  const span = Math.max(tree.endMs - tree.startMs, 1e-6);
  const scale = linear(0, span, 4);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeightPx(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // The active row comes into view, and takes the focus when the keyboard moved it.
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const wanted = scrollToRow(activeAt, element.scrollTop, element.clientHeight, ROW_PX);
    if (wanted !== element.scrollTop) element.scrollTop = wanted;
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    element.querySelector<HTMLElement>('[role=row][tabindex="0"]')?.focus({ preventScroll: true });
  }, [active?.id, activeAt]);

  const fold = (node: TreeNode, shut: boolean): void => {
    const next = new Set(folded);
    if (shut) next.add(node.id);
    else next.delete(node.id);
    onFold(next);
  };
  const go = (index: number): void => {
    const node = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (node === undefined) return;
    wantsFocus.current = true;
    onSelect(node.id);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const node = rows[activeAt];
    if (node === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const screen = Math.max(1, Math.floor(heightPx / ROW_PX) - 1);
    const isFolded = folded.has(node.id);
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(activeAt + 1),
      ArrowUp: () => go(activeAt - 1),
      PageDown: () => go(activeAt + screen),
      PageUp: () => go(activeAt - screen),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => {
        if (node.children.length === 0) return;
        if (isFolded) fold(node, false);
        else go(activeAt + 1);
      },
      ArrowLeft: () => {
        if (node.children.length > 0 && !isFolded) fold(node, true);
        else go(at.get(node.parentId) ?? activeAt);
      },
      Enter: () => document.querySelector<HTMLElement>('.detail [role=tab][tabindex="0"]')?.focus(),
      n: () => {
        wantsFocus.current = true;
        onStep(1);
      },
      p: () => {
        wantsFocus.current = true;
        onStep(-1);
      },
    };
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };

  const { first, end } = windowOf(scrollPx, heightPx, ROW_PX, rows.length);
  const drawn = rows.slice(first, end).map((node, i) => ({ node, index: first + i }));
  if (active !== undefined && at.has(active.id) && (activeAt < first || activeAt >= end)) {
    drawn.push({ node: active, index: activeAt });
  }
  return (
    <section
      class={`waterfall ${columns.tokens ? 'has-tokens' : ''} ${columns.cost ? 'has-cost' : ''}`}
      aria-label="Waterfall"
    >
      <div class="waterfall-head" aria-hidden="true">
        <span>Span</span>
        <span class="ruler">
          {scale.ticks.map((ms) => (
            <span key={ms} style={{ left: `${scale.at(ms) * 100}%` }}>
              {ms === 0 ? '0' : duration(ms)}
            </span>
          ))}
        </span>
        {columns.tokens && <span class="num">Tokens</span>}
        {columns.cost && <span class="num">Cost</span>}
      </div>
      <div
        ref={box}
        class="waterfall-scroll"
        role="treegrid"
        aria-label="Spans of the trace"
        aria-rowcount={rows.length}
        onScroll={(event) => setScrollPx(event.currentTarget.scrollTop)}
        onKeyDown={onKeyDown}
      >
        <div class="waterfall-rows" role="presentation" style={{ height: `${rows.length * ROW_PX}px` }}>
          {drawn.map(({ node, index }) => (
            <Row
              key={node.id}
              node={node}
              index={index}
              startMs={tree.startMs}
              spanMs={span}
              active={index === activeAt}
              folded={folded.has(node.id)}
              hit={hits.has(node.id)}
              logs={byLogs.get(node.id)}
              evaluations={judged.get(node.id)}
              columns={columns}
              onSelect={onSelect}
              onFold={fold}
            />
          ))}
        </div>
      </div>
    </section>
  );
}
