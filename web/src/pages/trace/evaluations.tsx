import type { JSX } from 'preact';
import type { EvaluationRowJson } from '../../../../src/workbench/api/types.ts';
import { plural } from '../../lib/format.ts';
import { evalPath } from '../../lib/routes.ts';
import type { TreeNode } from '../../lib/tree.ts';
import { EvaluationCard } from '../evals/card.tsx';

/** The span's evaluations, each with its reason; those of other spans by number. */
export function Evaluations({
  rows,
  all,
  node,
}: {
  readonly rows: readonly EvaluationRowJson[];
  readonly all: readonly EvaluationRowJson[];
  readonly node: TreeNode;
}): JSX.Element {
  const labels = [...new Set(all.map(({ label }) => label))];
  return (
    <>
      {rows.map((row) => (
        <EvaluationCard key={row.id} row={row} />
      ))}
      {rows.length === 0 && <p class="soft">No evaluation of {node.name} arrived.</p>}
      {all.length > rows.length && (
        <p class="soft">
          {plural(all.length, 'evaluation')} in the whole trace:{' '}
          {labels.map((label) => (
            <a key={label} class="spaced" href={evalPath(label)}>
              {label}
            </a>
          ))}
        </p>
      )}
    </>
  );
}
