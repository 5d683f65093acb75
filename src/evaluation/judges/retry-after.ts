const MAX_WAIT_MS = 24 * 3_600_000;

/**
 * How long an endpoint asks to be left alone, milliseconds, at most a day: `retry-after-ms` (OpenAI), `Retry-After` in
 * seconds or as a date (RFC 9110, 10.2.3). A date is measured against the response's own `Date`, for clocks differ.
 */
export function retryAfterMs(headers: { get(name: string): string | null }): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact)) return bounded(exact);
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value.trim())) return bounded(Number(value) * 1_000);
  const wait = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(wait) ? bounded(wait) : undefined;
}

function bounded(ms: number): number {
  return Math.min(Math.max(0, Math.round(ms)), MAX_WAIT_MS);
}
