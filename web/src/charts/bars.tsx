import type { JSX } from 'preact';
import { count, percent } from '../lib/format.ts';
import { Chart } from '../ui/chart.tsx';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Colour by meaning; the name says it too. */
  readonly tone?: 'good' | 'bad' | 'warn' | 'quiet' | 'accent' | undefined;
  readonly note?: string | undefined;
  readonly indent?: boolean | undefined;
}

/** Horizontal bars, each with its figure and its share of the whole. */
export function Bars({
  title,
  note,
  of,
  bars,
}: {
  readonly title: string;
  readonly note?: string;
  /** The whole that shares refer to. */
  readonly of: number;
  readonly bars: readonly Bar[];
}): JSX.Element {
  return (
    <Chart
      title={title}
      of="evaluations"
      note={note}
      columns={['', 'Count', 'Share']}
      rows={bars.map(({ name, value }) => [name, value, of > 0 ? percent(value / of) : '–'])}
    >
      <dl class="bars">
        {bars.map(({ name, value, tone = 'accent', note: said, indent }) => (
          <div key={name} class={indent === true ? 'indent' : ''}>
            <dt>
              {name}
              {said !== undefined && <small class="soft">{said}</small>}
            </dt>
            <dd>
              <span class="bars-track" aria-hidden="true">
                <span
                  class={`t-${tone}`}
                  style={{ width: `${of > 0 ? Math.max((value / of) * 100, value > 0 ? 0.6 : 0) : 0}%` }}
                />
              </span>
              <b>{count(value)}</b>
              <span class="soft">{of > 0 ? percent(value / of) : '–'}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Chart>
  );
}
