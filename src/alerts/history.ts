import type { MetricId, Sample } from '../selfmetrics/metrics.ts';

/** Our own metrics at one moment, added up over their labels. */
export interface Snapshot {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly values: Readonly<Partial<Record<MetricId, number>>>;
  /** Of metrics with a reason, by reason. */
  readonly byReason: Readonly<Partial<Record<MetricId, Readonly<Record<string, number>>>>>;
  /** Signals by kind: `created.evaluations`, `delivered.spans`. */
  readonly byKind: Readonly<Record<string, number>>;
}

export function snapshotOf(atMs: number, samples: readonly Sample[]): Snapshot {
  const values: Partial<Record<MetricId, number>> = {};
  const byReason: Partial<Record<MetricId, Record<string, number>>> = {};
  const byKind: Record<string, number> = {};
  for (const { metric, labels, value } of samples) {
    // A silence is as long as the longest, a fault as large as its size: neither may hide behind another kind's.
    const before = values[metric] ?? 0;
    values[metric] =
      metric === 'upstreamSilence'
        ? Math.max(before, value)
        : before + (metric === 'unaccounted' ? Math.abs(value) : value);
    const { reason, kind } = labels;
    if (reason !== undefined)
      (byReason[metric] ??= {})[reason] = ((byReason[metric] ?? {})[reason] ?? 0) + value;
    if (kind !== undefined) byKind[`${metric}.${kind}`] = (byKind[`${metric}.${kind}`] ?? 0) + value;
  }
  return { atMs, values, byReason, byKind };
}

/** The snapshots of the last `keepMs`, at most `maxSnapshots`: what the conditions look back on. */
export class History {
  readonly #keepMs: number;
  readonly #maxSnapshots: number;
  readonly #snapshots: Snapshot[] = [];

  constructor(keepMs: number, maxSnapshots: number) {
    this.#keepMs = keepMs;
    this.#maxSnapshots = maxSnapshots;
  }

  get size(): number {
    return this.#snapshots.length;
  }

  add(snapshot: Snapshot): void {
    this.#snapshots.push(snapshot);
    while (
      this.#snapshots.length > this.#maxSnapshots ||
      (this.#snapshots[0]?.atMs ?? snapshot.atMs) < snapshot.atMs - this.#keepMs
    ) {
      this.#snapshots.shift();
    }
  }

  /** The newest. */
  get now(): Snapshot | undefined {
    return this.#snapshots.at(-1);
  }

  get oldest(): Snapshot | undefined {
    return this.#snapshots[0];
  }

  /** The newest that is at least `agoMs` older than the newest of all; undefined when history does not reach so far. */
  ago(agoMs: number): Snapshot | undefined {
    const now = this.now;
    if (now === undefined) return undefined;
    return this.#snapshots.findLast(({ atMs }) => atMs <= now.atMs - agoMs);
  }

  /** By how much a counter grew over the last `windowMs`; over all there is, while that is less. A counter starts at 0. */
  increase(read: (snapshot: Snapshot) => number, windowMs: number, beforeMs = 0): number {
    const end = beforeMs === 0 ? this.now : this.ago(beforeMs);
    if (end === undefined) return 0;
    const begin = this.ago(beforeMs + windowMs);
    return Math.max(0, read(end) - (begin === undefined ? 0 : read(begin)));
  }

  /** The lowest value within the last `windowMs`; undefined when history does not reach so far. */
  lowest(read: (snapshot: Snapshot) => number, windowMs: number): number | undefined {
    const begin = this.ago(windowMs);
    if (begin === undefined) return undefined;
    return this.#snapshots.reduce(
      (least, snapshot) => (snapshot.atMs < begin.atMs ? least : Math.min(least, read(snapshot))),
      Infinity,
    );
  }
}
