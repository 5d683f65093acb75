import type { JSX } from 'preact';
import type { EvaluationRowJson, LogRowJson } from '../../../../src/workbench/api/types.ts';
import { compact, cost, count, duration, plural } from '../../lib/format.ts';
import type { TreeNode } from '../../lib/tree.ts';
import { Icon } from '../../ui/icon.tsx';

/** Height of a row; the style sheet has the same. */
export const ROW_PX = 28;
/** Deeper spans are indented no further. */
const MOST_INDENTS = 24;
/** Dots drawn on one row. */
const MOST_DOTS = 40;

/** Columns beside the time line. */
export interface Columns {
  readonly tokens: boolean;
  readonly cost: boolean;
}

interface Props {
  readonly node: TreeNode;
  readonly index: number;
  readonly startMs: number;
  readonly spanMs: number;
  readonly active: boolean;
  readonly folded: boolean;
  readonly hit: boolean;
  readonly logs: readonly LogRowJson[] | undefined;
  readonly evaluations: readonly EvaluationRowJson[] | undefined;
  readonly columns: Columns;
  readonly onSelect: (id: string) => void;
  readonly onFold: (node: TreeNode, shut: boolean) => void;
}

/** `span, tokens, latency, status`, as it is read out. */
function labelOf(node: TreeNode, logs: number, evaluations: readonly EvaluationRowJson[]): string {
  const { name, kind, llm, durationMs, error } = node;
  const failed = evaluations.filter(({ assessment }) => assessment === 'fail').length;
  const judged = evaluations.length === 0 ? '' : plural(evaluations.length, 'evaluation');
  const tokens = llm?.totalTokens == null ? '' : `${count(llm.totalTokens)} tokens`;
  const lines = logs === 0 ? '' : `${count(logs)} log lines`;
  return [
    kind === '' ? name : `${kind} ${name}`,
    tokens,
    duration(durationMs),
    error ? 'error' : 'ok',
    lines,
    judged,
    failed === 0 ? '' : `${count(failed)} failed`,
  ]
    .filter(Boolean)
    .join(', ');
}

export function Row({
  node,
  index,
  startMs,
  spanMs,
  active,
  folded,
  hit,
  logs = [],
  evaluations = [],
  columns,
  onSelect,
  onFold,
}: Props): JSX.Element {
  const left = ((node.startMs - startMs) / spanMs) * 100;
  const width = (node.durationMs / spanMs) * 100;
  const parent = node.children.length > 0;
  const classes = ['wf-row', active ? 'on' : '', hit ? 'hit' : ''].filter(Boolean).join(' ');
  return (
    <div
      class={classes}
      role="row"
      aria-rowindex={index + 1}
      aria-level={node.depth + 1}
      aria-expanded={parent ? !folded : undefined}
      aria-selected={active}
      aria-label={labelOf(node, logs.length, evaluations)}
      tabIndex={active ? 0 : -1}
      style={{ top: `${index * ROW_PX}px` }}
      onClick={() => onSelect(node.id)}
    >
      <span
        class="wf-name"
        role="gridcell"
        style={{ paddingLeft: `${Math.min(node.depth, MOST_INDENTS) * 14 + 4}px` }}
      >
        <span
          class={parent ? 'twist' : 'twist leaf'}
          aria-hidden="true"
          onClick={(event) => {
            if (!parent) return;
            event.stopPropagation();
            onFold(node, !folded);
          }}
        >
          {parent && <Icon name={folded ? 'right' : 'down'} />}
        </span>
        {node.error && <Icon name="error" class="bad" />}
        {node.kind !== '' && <span class={`kind k-${node.kind}`}>{node.kind}</span>}
        <span class="wf-text">{node.name}</span>
        {node.resource !== '' && node.resource !== node.name && (
          <span class="wf-more soft">{node.resource}</span>
        )}
        {evaluations.length > 0 && <Judged evaluations={evaluations} />}
        {folded && <span class="folded">{compact(node.below)}</span>}
        {node.orphan && <span class="flag">no parent</span>}
      </span>
      <span class="wf-track" role="gridcell">
        <span
          class={`span-bar k-${node.kind || 'span'} ${node.error ? 'error' : ''}`}
          style={{ left: `${left}%`, width: `max(2px, ${width}%)` }}
        />
        <span class="wf-time" style={{ left: `calc(${left + width}% + 6px)` }}>
          {duration(node.durationMs)}
        </span>
        {logs.slice(0, MOST_DOTS).map((log) => (
          <span
            key={log.id}
            class={`log-dot l-${log.level}`}
            title={`${log.level}: ${log.message}`}
            style={{ left: `${Math.min(100, Math.max(0, ((log.timeMs - startMs) / spanMs) * 100))}%` }}
          />
        ))}
      </span>
      {columns.tokens && (
        <span class="wf-figure" role="gridcell">
          {node.llm?.totalTokens == null ? '' : count(node.llm.totalTokens)}
        </span>
      )}
      {columns.cost && (
        <span class="wf-figure" role="gridcell">
          {node.llm?.costUsd == null ? '' : cost(node.llm.costUsd)}
        </span>
      )}
    </div>
  );
}

/** That a span was judged, and whether anything failed. */
function Judged({ evaluations }: { readonly evaluations: readonly EvaluationRowJson[] }): JSX.Element {
  const failed = evaluations.filter(({ assessment }) => assessment === 'fail').map(({ label }) => label);
  const title = `${plural(evaluations.length, 'evaluation')}${failed.length === 0 ? '' : `, failed: ${failed.join(', ')}`}`;
  return (
    <span class={failed.length === 0 ? 'judged' : 'judged bad'} title={title}>
      <Icon name={failed.length === 0 ? 'evals' : 'error'} />
      {evaluations.length}
    </span>
  );
}
