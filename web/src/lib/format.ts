const INTEGER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** A count with separators: 12,345. */
export const count = (value: number): string => INTEGER.format(value);

/** A count in at most five characters, from 10,000 on: 12.3K. */
export const compact = (value: number): string =>
  Math.abs(value) < 10_000 ? INTEGER.format(value) : COMPACT.format(value);

/** `1 span`, `2 spans`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const trim = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** A duration in the unit people would say: 850 µs, 12.4 ms, 3.25 s, 2 m 05 s. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 9.995) return `${trim(ms, 2)} ms`;
  if (ms < 99.95) return `${trim(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.995) return `${trim(seconds, 2)} s`;
  if (seconds < 59.95) return `${trim(seconds, 1)} s`;
  return long(Math.round(seconds));
}

function long(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  return `${Math.floor(minutes / 1440)} d ${two(Math.floor(minutes / 60) % 24)} h`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes in binary units: 1.5 MiB. */
export function bytes(value: number): string {
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : trim(rest, 1)} ${UNITS[unit]}`;
}

/**
 * Dollars, or that the price is unknown: never `$0` for what nobody priced. `atLeast` when a part of it has no price.
 */
export function cost(usd: number | null | undefined, atLeast = false): string {
  if (usd === undefined || usd === null || !Number.isFinite(usd)) return 'unpriced';
  const digits = usd === 0 ? 2 : usd < 0.01 ? 5 : usd < 1 ? 4 : 2;
  return `${atLeast ? '≥ ' : ''}$${usd.toFixed(digits)}`;
}

/** A share as per cent; digits only where they say something. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const value = share * 100;
  if (value !== 0 && Math.abs(value) < 0.1) return '< 0.1 %';
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : trim(value, 1)} %`;
}

/** How long ago, in one unit; `now` within two seconds. */
export function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000));
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** Local wall time, `14:03:09`, with milliseconds where asked for. */
export function clockTime(ms: number, withMs = false): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return '–';
  const text = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return withMs ? `${text}.${pad(date.getMilliseconds(), 3)}` : text;
}

/** Local date and time, `2026-11-22 14:03:09`. */
export function dateTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return '–';
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clockTime(ms)}`;
}

/** A long id in the middle of a sentence: its last eight digits, for the first of dd-trace's are the time and zeros. */
export const shortId = (id: string): string => (id.length > 12 ? `…${id.slice(-8)}` : id);
