import type { DatadogMonitor } from '../../src/alerts/datadog-monitors.ts';
import { datadogName, METRICS } from '../../src/selfmetrics/metrics.ts';
import { type Expression, type Monitor, queriesOf, type Query, readMonitor } from './datadog-grammar.ts';
import type { Look } from './world.ts';

interface Point {
  readonly atS: number;
  readonly value: number;
}

interface Series {
  readonly metric: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly points: Point[];
}

/** The scraped address of one process, and what it shows. */
export interface Scraped {
  readonly endpoint: string;
  readonly looks: Iterable<Look>;
}

/** How a group of a monitor stands at a moment: undefined where it is well. */
export type Verdict = 'alert' | 'no data';

const EVERY_S = 60;

/**
 * What Datadog does with our metrics, as far as its documentation says: the Agent's OpenMetrics check sends a counter's
 * growth since its last look (nothing at its first, all of a series that comes later), tags are lower case, monitors are
 * evaluated each minute. With `as_count` each query is summed over the window before arithmetic
 * (docs.datadoghq.com/monitors/guide/as-count-in-monitor-evaluations), otherwise point by point before the window; what
 * is divided by 0, or missing on one side, is no value.
 */
export class DatadogSimulator {
  readonly #series = new Map<string, Series>();

  constructor(scraped: readonly Scraped[]) {
    for (const { endpoint, looks } of scraped) this.#take(endpoint, looks);
  }

  /** Every change of a monitor from minute to minute until `seconds`. */
  replay(
    { query, options }: Pick<DatadogMonitor, 'query' | 'options'>,
    seconds: number,
  ): { readonly atS: number; readonly group: string; readonly verdict: Verdict | undefined }[] {
    const monitor = readMonitor(query);
    const life = this.#lives(monitor);
    const states = new Map<string, Verdict | undefined>();
    const changes: { atS: number; group: string; verdict: Verdict | undefined }[] = [];
    for (let atS = 0; atS <= seconds; atS += EVERY_S) {
      const values = this.#evaluate(monitor, atS);
      for (const [group, times] of life) {
        const past = times.filter((timeS) => timeS <= atS);
        if (past.length === 0) continue;
        const first = past[0]!;
        if (atS - first < (options.new_group_delay ?? 0)) continue;
        if (options.require_full_window && atS - first < monitor.windowS) continue;
        const value = values.get(group);
        const isQuiet =
          options.notify_no_data && atS - past.at(-1)! >= (options.no_data_timeframe ?? Infinity) * 60;
        const verdict = isQuiet
          ? 'no data'
          : value !== undefined && compares(value, monitor)
            ? 'alert'
            : undefined;
        if (verdict !== states.get(group)) changes.push({ atS, group, verdict });
        states.set(group, verdict);
      }
    }
    return changes;
  }

  #take(endpoint: string, looks: Iterable<Look>): void {
    const totals = new Map<string, number>();
    let isFirst = true;
    for (const { atS, samples } of looks) {
      for (const { metric, labels, value } of samples) {
        const raw = { service: 'shop', env: 'prod', endpoint, ...labels };
        const tags = Object.fromEntries(Object.entries(raw).map(([k, v]) => [k, v.toLowerCase()]));
        const key = `${metric} ${JSON.stringify(tags)}`;
        let series = this.#series.get(key);
        if (series === undefined)
          this.#series.set(key, (series = { metric: datadogName(metric), tags, points: [] }));
        if (METRICS[metric].kind === 'gauge') {
          series.points.push({ atS, value });
          continue;
        }
        const before = totals.get(key);
        totals.set(key, value);
        if (before !== undefined) series.points.push({ atS, value: value - before });
        else if (!isFirst) series.points.push({ atS, value });
      }
      isFirst = false;
    }
  }

  /** When each group of a monitor had data. */
  #lives(monitor: Monitor): Map<string, number[]> {
    const lives = new Map<string, Set<number>>();
    for (const query of queriesOf(monitor.expression)) {
      for (const series of this.#matching(query)) {
        const group = groupOf(series, query);
        const times = lives.get(group) ?? new Set();
        for (const { atS } of series.points) times.add(atS);
        lives.set(group, times);
      }
    }
    return new Map([...lives].map(([group, times]) => [group, [...times].toSorted((a, b) => a - b)]));
  }

  #evaluate(monitor: Monitor, atS: number): Map<string, number> {
    const now = this.#window(monitor, atS);
    if (monitor.shiftS === undefined) return now;
    const before = this.#window(monitor, atS - monitor.shiftS);
    return join(now, before, (a, b) => (b === 0 ? undefined : ((a - b) / Math.abs(b)) * 100));
  }

  #window(monitor: Monitor, endS: number): Map<string, number> {
    const { expression, over, windowS } = monitor;
    const groups = new Set(this.#lives(monitor).keys());
    const isWithin = ({ atS }: Point) => atS > endS - windowS && atS <= endS;
    if (queriesOf(expression).some(({ isCount }) => isCount))
      return this.#value(expression, groups, (series) => {
        const within = series.points.filter(isWithin).map(({ value }) => value);
        return within.length === 0 ? undefined : aggregate(over, within);
      });
    const found = new Map<string, number[]>();
    for (let atS = Math.max(0, endS - windowS + 15); atS <= endS; atS += 15) {
      const values = this.#value(
        expression,
        groups,
        (series) => series.points.find((point) => point.atS === atS)?.value,
      );
      for (const [group, value] of values) found.set(group, [...(found.get(group) ?? []), value]);
    }
    return new Map([...found].map(([group, values]) => [group, aggregate(over, values)]));
  }

  #value(
    expression: Expression,
    groups: ReadonlySet<string>,
    read: (series: Series) => number | undefined,
  ): Map<string, number> {
    switch (expression.kind) {
      case 'number':
        return new Map([...groups].map((group) => [group, expression.value]));
      case 'call': {
        const inner = this.#value(expression.of, groups, read);
        if (expression.name === 'default_zero')
          return new Map([...groups].map((group) => [group, inner.get(group) ?? 0]));
        const apply = expression.name === 'abs' ? Math.abs : (n: number) => Math.min(n, expression.argument);
        return new Map([...inner].map(([group, n]) => [group, apply(n)]));
      }
      case 'operation':
        return join(
          this.#value(expression.left, groups, read),
          this.#value(expression.right, groups, read),
          OPERATIONS[expression.operator]!,
        );
      case 'query': {
        const found = new Map<string, number[]>();
        for (const series of this.#matching(expression)) {
          const value = read(series);
          if (value === undefined) continue;
          const group = groupOf(series, expression);
          found.set(group, [...(found.get(group) ?? []), value]);
        }
        return new Map([...found].map(([group, values]) => [group, aggregate(expression.over, values)]));
      }
    }
  }

  #matching({ metric, filter }: Query): Series[] {
    return [...this.#series.values()].filter(
      (series) =>
        series.metric === metric &&
        filter.every(([tag, wanted]) =>
          wanted.endsWith('*')
            ? series.tags[tag]?.startsWith(wanted.slice(0, -1))
            : series.tags[tag] === wanted,
        ),
    );
  }
}

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number | undefined>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0 ? undefined : a / b),
};

function groupOf({ tags }: Series, { by }: Query): string {
  return by.map((tag) => `${tag}:${tags[tag] ?? 'N/A'}`).join(',');
}

function join(
  left: ReadonlyMap<string, number>,
  right: ReadonlyMap<string, number>,
  operation: (a: number, b: number) => number | undefined,
): Map<string, number> {
  const joined = new Map<string, number>();
  for (const [group, a] of left) {
    const b = right.get(group);
    const value = b === undefined ? undefined : operation(a, b);
    if (value !== undefined) joined.set(group, value);
  }
  return joined;
}

function aggregate(over: Monitor['over'], values: readonly number[]): number {
  const sum = () => values.reduce((total, n) => total + n, 0);
  if (over === 'max') return Math.max(...values);
  if (over === 'min') return Math.min(...values);
  return over === 'sum' ? sum() : sum() / values.length;
}

function compares(value: number, { comparison, threshold }: Monitor): boolean {
  if (comparison === '<') return value < threshold;
  if (comparison === '<=') return value <= threshold;
  return comparison === '>' ? value > threshold : value >= threshold;
}
