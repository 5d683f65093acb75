/** Maps a value to 0…1 and says where marks belong. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

const STEPS = [1, 2, 5, 10] as const;

/** At most `count` round marks from `min` to `max`. */
export function ticks(min: number, max: number, most: number): readonly number[] {
  const span = max - min;
  if (!(span > 0) || most < 1) return [min];
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = (STEPS.find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.ceil(min / step);
  const last = Math.floor(max / step);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** Equal differences take equal room. */
export function linear(min: number, max: number, most = 5): Scale {
  const span = max - min;
  return { at: (value) => (span > 0 ? (value - min) / span : 0.5), ticks: ticks(min, max, most) };
}

/** Equal ratios take equal room; for durations, of which the slow ones matter and the fast ones are many. */
export function logarithmic(min: number, max: number): Scale {
  const low = Math.floor(Math.log10(Math.max(min, 1e-3)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(max, 1e-3))));
  return {
    at: (value) => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
  };
}
