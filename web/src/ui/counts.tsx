import type { JSX } from 'preact';
import type { Counted, Scan } from '../../../src/workbench/api/types.ts';
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

/** Figures that are made of a part of what is stored, because the rest could not be read in time. */
export function Partial({
  scan,
  of,
  retry,
}: {
  readonly scan: Scan;
  readonly of: string;
  readonly retry: () => void;
}): JSX.Element | null {
  if (scan.complete) return null;
  return (
    <p class="notice" role="status">
      These figures are of the newest {count(scan.scanned)} {of}: the rest could not be read in time.{' '}
      <button type="button" class="more" onClick={retry}>
        Count again
      </button>
    </p>
  );
}
