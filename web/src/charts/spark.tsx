import type { JSX } from 'preact';

const WIDTH = 64;
const HEIGHT = 16;

/** The shape of the last minute; the figure stands beside it. */
export function Spark({ values }: { readonly values: readonly number[] }): JSX.Element | null {
  if (values.length < 3) return null;
  const max = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map(
    (value, i) => `${(i * step).toFixed(1)},${(HEIGHT - 1 - (value / max) * (HEIGHT - 2)).toFixed(1)}`,
  );
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
      <polyline points={points.join(' ')} />
    </svg>
  );
}
