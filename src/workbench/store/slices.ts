import type { Clock } from '../../kernel/clock.ts';

/** How long a search holds the event loop at a time, and how long it may take in all. */
export interface SliceBounds {
  readonly sliceMs: number;
  readonly totalMs: number;
}

export const DEFAULT_SLICE_BOUNDS: SliceBounds = { sliceMs: 8, totalMs: 120 };

// Looking at the clock for every row would cost as much as the row.
const ROWS_BETWEEN_LOOKS = 16;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What `rows` is told: undefined at first, then the row after which it goes on. */
export interface Sliced<Row> {
  readonly scanned: number;
  readonly complete: boolean;
  /** Where it stopped because time was up, or because `take` had enough. */
  readonly last: Row | undefined;
}

/**
 * Runs through rows in slices, so that requests are answered in between. A slice's statement is finished before the
 * event loop goes on: nothing is written under an open cursor.
 *
 * @param rows the rows after the given one, in an order that does not change
 * @param take looks at a row; false: this one is not wanted any more, stop before it
 */
export async function inSlices<Row>(
  clock: Clock,
  bounds: SliceBounds,
  rows: (after: Row | undefined) => Iterable<Row>,
  take: (row: Row) => boolean,
): Promise<Sliced<Row>> {
  const end = clock.now() + bounds.totalMs;
  let scanned = 0;
  let last: Row | undefined;
  for (;;) {
    const sliceEnd = clock.now() + bounds.sliceMs;
    let isOver = true;
    for (const row of rows(last)) {
      if (!take(row)) return { scanned, complete: true, last };
      scanned += 1;
      last = row;
      if (scanned % ROWS_BETWEEN_LOOKS === 0 && clock.now() >= sliceEnd) {
        isOver = false;
        break;
      }
    }
    if (isOver) return { scanned, complete: true, last: undefined };
    if (clock.now() >= end) return { scanned, complete: false, last };
    await nextTurn();
  }
}
