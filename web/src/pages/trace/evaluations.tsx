import type { JSX } from 'preact';
import type { EvaluationRowJson } from '../../../../src/workbench/api/types.ts';
import { judgedSpan } from '../../lib/evaluations.ts';
import { plural } from '../../lib/format.ts';
import type { TreeNode } from '../../lib/tree.ts';
import { EvaluationCard } from '../evals/card.tsx';

/** Spans of the trace that are listed besides. */
const MOST_OTHERS = 50;

/** The span's evaluations, each with its reason; those of other spans by number, and the way there. */
export function Evaluations({
  rows,
  all,
  node,
  nodes,
  onSelect,
}: {
  readonly rows: readonly EvaluationRowJson[];
  readonly all: readonly EvaluationRowJson[];
  readonly node: TreeNode;
  readonly nodes: ReadonlyMap<string, TreeNode>;
  readonly onSelect: (id: string) => void;
}): JSX.Element {
  const others = [...Map.groupBy(all, judgedSpan)].filter(([id]) => id !== node.id && nodes.has(id));
  return (
    <>
      {rows.map((row) => (
        <EvaluationCard key={row.id} row={row} />
      ))}
      {rows.length === 0 && <p class="soft">No evaluation of {node.name} arrived.</p>}
      {others.length > 0 && (
        <section class="judged-spans">
          <h3>Other spans of this trace</h3>
          <ul>
            {others.slice(0, MOST_OTHERS).map(([id, judged]) => (
              <li key={id}>
                <button type="button" class="more" onClick={() => onSelect(id)}>
                  {nodes.get(id)?.name}
                </button>
                <span class="soft">
                  {plural(judged.length, 'evaluation')}: {judged.map(({ label }) => label).join(', ')}
                </span>
              </li>
            ))}
          </ul>
          {others.length > MOST_OTHERS && (
            <p class="soft">{plural(others.length - MOST_OTHERS, 'more span')} with evaluations</p>
          )}
        </section>
      )}
    </>
  );
}
