import type { JSX } from 'preact';
import type { Counted } from '../../../src/workbench/api/types.ts';
import { count } from '../lib/format.ts';

/** What came, what is there, what made room: a total that stands still at a bound would read as broken. */
export function Counts({ counts, of }: { readonly counts: Counted; readonly of: string }): JSX.Element {
  return (
    <span class="counts">
      <span>
        <b>{count(counts.received)}</b> {of} received
      </span>
      <span>
        <b>{count(counts.stored)}</b> kept
      </span>
      <span class={counts.evicted > 0 ? 'warn' : ''}>
        <b>{count(counts.evicted)}</b> evicted
      </span>
    </span>
  );
}
