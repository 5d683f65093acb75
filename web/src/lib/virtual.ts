/** Which rows of a long list are drawn: `first` up to, and without, `end`. */
export interface Window {
  readonly first: number;
  readonly end: number;
}

/** The rows that a scrolled box of `viewportPx` shows, and some more on both sides, so that scrolling shows no gap. */
export function windowOf(
  scrollPx: number,
  viewportPx: number,
  rowPx: number,
  total: number,
  overscan = 8,
): Window {
  const top = Math.max(0, Math.floor(scrollPx / rowPx) - overscan);
  const end = Math.min(total, Math.ceil((scrollPx + viewportPx) / rowPx) + overscan);
  return { first: Math.min(top, Math.max(0, total - 1)), end: Math.max(end, 0) };
}

/** Where to scroll so that a row is inside the box; the position it has when it is there already. */
export function scrollToRow(row: number, scrollPx: number, viewportPx: number, rowPx: number): number {
  const top = row * rowPx;
  if (top < scrollPx) return top;
  if (top + rowPx > scrollPx + viewportPx) return top + rowPx - viewportPx;
  return scrollPx;
}
