import type { JSX } from 'preact';
import { ledger } from '../data/live.ts';
import { count } from '../lib/format.ts';
import { gapOf, type Kind } from '../lib/ledger.ts';

/** What a chart cannot show because it is not in the store any more, or never came to be in it. Nothing when all is there. */
export function LossNote({ kind }: { readonly kind: Kind }): JSX.Element | null {
  const counts = ledger.value?.[kind];
  if (counts === undefined) return null;
  const lost = counts.rejected + Math.abs(gapOf(counts));
  if (lost + counts.evicted === 0) return null;
  return (
    <>
      {lost > 0 && (
        <a class="bad loss" href="/ledger">
          {count(lost)} lost
        </a>
      )}
      {counts.evicted > 0 && (
        <a class="warn loss" href="/ledger">
          {count(counts.evicted)} evicted
        </a>
      )}
    </>
  );
}
