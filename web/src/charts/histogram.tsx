import type { JSX } from 'preact';
import { count } from '../lib/format.ts';
import { Chart } from '../ui/chart.tsx';

const WIDTH = 560;
const HEIGHT = 150;
const BOTTOM = 22;
const LEFT = 36;

const short = (value: number): string => String(Number(value.toFixed(2)));

/** Scores in equal steps; the threshold is a line, and what is below it has another colour. */
export function Histogram({
  min,
  max,
  buckets,
  threshold,
}: {
  readonly min: number;
  readonly max: number;
  readonly buckets: readonly number[];
  readonly threshold: number | undefined;
}): JSX.Element {
  // Scores are 0 to 1 nearly always; a narrow cluster drawn over the whole width would look like a spread.
  const most = Math.max(...buckets, 1);
  const step = (max - min) / buckets.length;
  const low = min >= 0 && max <= 1 ? 0 : min;
  const high = min >= 0 && max <= 1 ? 1 : max;
  const x = (value: number): number =>
    LEFT + ((value - low) / Math.max(high - low, 1e-9)) * (WIDTH - LEFT - 8);
  const y = (n: number): number => (1 - n / most) * (HEIGHT - BOTTOM - 10) + 10;
  const bounds = buckets.map((n, i) => [min + i * step, min + (i + 1) * step, n] as const);
  const marks = Array.from({ length: 5 }, (_, i) => low + ((high - low) * i) / 4);
  const line = threshold !== undefined && threshold >= low && threshold <= high ? threshold : undefined;
  return (
    <Chart
      title="Distribution"
      of="evaluations"
      note={line === undefined ? 'scores' : `scores; threshold ${short(line)}`}
      columns={['From', 'To', 'Evaluations']}
      rows={bounds.map(([from, to, n]) => [short(from), short(to), n])}
    >
      <svg
        class="histogram"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label="Distribution of scores; the button Table shows the figures"
      >
        <g class="grid">
          <line x1={LEFT} x2={WIDTH - 8} y1={y(0)} y2={y(0)} />
          <line x1={LEFT} x2={WIDTH - 8} y1={y(most)} y2={y(most)} />
          <text x={LEFT - 6} y={y(most) + 3.5} text-anchor="end">
            {count(most)}
          </text>
          <text x={LEFT - 6} y={y(0) + 3.5} text-anchor="end">
            0
          </text>
        </g>
        {bounds.map(([from, to, n]) => {
          const width = Math.max(x(to) - x(from) - 1.5, 2);
          const left = Math.min(x(from), WIDTH - 8 - width);
          return (
            n > 0 && (
              <rect
                key={from}
                class={line !== undefined && from + step / 2 < line ? 'below' : ''}
                x={left}
                y={y(n)}
                width={width}
                height={Math.max(y(0) - y(n), 1)}
                rx={1.5}
              />
            )
          );
        })}
        {line !== undefined && <line class="threshold" x1={x(line)} x2={x(line)} y1={4} y2={y(0)} />}
        {marks.map((value) => (
          <text key={value} class="axis" x={x(value)} y={HEIGHT - 6} text-anchor="middle">
            {short(value)}
          </text>
        ))}
      </svg>
    </Chart>
  );
}
