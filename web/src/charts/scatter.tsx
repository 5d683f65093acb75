import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { TraceRow } from '../../../src/workbench/api/types.ts';
import { clockTime, dateTime, duration, plural } from '../lib/format.ts';
import { linear, logarithmic } from '../lib/scale.ts';
import { Chart } from '../ui/chart.tsx';
import { useWidth } from '../ui/width.ts';

const HEIGHT = 132;
const LEFT = 56;
const BOTTOM = 20;
const TOP = 8;

/** Marks a second apart or closer would all have the same name. */
const MS_MATTER_BELOW_MS = 10_000;

interface Props {
  readonly rows: readonly TraceRow[];
  readonly peek: string;
  readonly onPeek: (traceId: string) => void;
}

/** Every listed trace by when it began and how long it took; errors are crosses. */
export function LatencyScatter({ rows, peek, onPeek }: Props): JSX.Element {
  const errors = rows.filter(({ status }) => status === 'error').length;
  return (
    <Chart
      title="Latency"
      of="spans"
      note={`${plural(rows.length, 'trace')} listed, ${errors === 0 ? 'none' : errors} with errors`}
      columns={['Time', 'Name', 'Duration', 'Status']}
      rows={rows.map((row) => [dateTime(row.startMs), row.name, duration(row.durationMs), row.status])}
    >
      <Plot rows={rows} peek={peek} onPeek={onPeek} />
    </Chart>
  );
}

function Plot({ rows, peek, onPeek }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, 1000);
  const starts = rows.map(({ startMs }) => startMs);
  const lengths = rows.map(({ durationMs }) => durationMs);
  const [first, last] = [Math.min(...starts), Math.max(...starts)];
  const withMs = last - first < MS_MATTER_BELOW_MS;
  const x = linear(first, last, Math.max(2, Math.min(6, Math.floor((width - LEFT) / 120))));
  const y = logarithmic(Math.min(...lengths), Math.max(...lengths));
  const px = (ms: number): number => LEFT + x.at(ms) * (width - LEFT - 16);
  const py = (ms: number): number => TOP + (1 - y.at(ms)) * (HEIGHT - TOP - BOTTOM);
  return (
    <div ref={box}>
      <svg
        class="scatter"
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label="Latency of the listed traces over time; the button Table shows the figures"
      >
        {y.ticks.map((ms) => (
          <g key={ms} class="grid">
            <line x1={LEFT} x2={width} y1={py(ms)} y2={py(ms)} />
            <text x={LEFT - 8} y={py(ms) + 3.5} text-anchor="end">
              {duration(ms)}
            </text>
          </g>
        ))}
        {x.ticks.length > 1 &&
          x.ticks.map((ms) => (
            <text key={ms} class="axis" x={px(ms)} y={HEIGHT - 4} text-anchor="middle">
              {clockTime(ms, withMs)}
            </text>
          ))}
        {rows.map((row) => (
          <Mark
            key={row.traceId}
            row={row}
            x={px(row.startMs)}
            y={py(row.durationMs)}
            on={row.traceId === peek}
            onPeek={onPeek}
          />
        ))}
      </svg>
    </div>
  );
}

function Mark({
  row,
  x,
  y,
  on,
  onPeek,
}: {
  readonly row: TraceRow;
  readonly x: number;
  readonly y: number;
  readonly on: boolean;
  readonly onPeek: (traceId: string) => void;
}): JSX.Element {
  const title = `${row.name}, ${duration(row.durationMs)}, ${clockTime(row.startMs)}`;
  return (
    // The same trace is a row of the list, where the keyboard reaches it.
    <g class={`mark ${row.status}${on ? ' on' : ''}`} onClick={() => onPeek(row.traceId)}>
      <title>{title}</title>
      <circle class="target" cx={x} cy={y} r={9} />
      {row.status === 'error' ? (
        <path d={`M${x - 3.2} ${y - 3.2}l6.4 6.4M${x + 3.2} ${y - 3.2}l-6.4 6.4`} />
      ) : (
        <circle cx={x} cy={y} r={3.2} />
      )}
    </g>
  );
}
