import type { HrTime } from './readable-span.ts';

/** Milliseconds since 1970 as OpenTelemetry has them. */
export function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}
