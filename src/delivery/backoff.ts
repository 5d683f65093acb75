/** Longest pause between two attempts, when upstream does not ask for a longer one. */
export const MAX_BACKOFF_MS = 30_000;

/** Longest pause that upstream can ask for. */
export const MAX_RETRY_AFTER_MS = 300_000;

const FIRST_BACKOFF_MS = 100;

/**
 * Pause before attempt number `failures + 1`: exponential with full jitter, so that many processes that lost
 * their upstream at the same moment do not come back at the same moment.
 *
 * @param random uniform in [0, 1)
 */
export function backoffMs(failures: number, random: () => number): number {
  const ceilingMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, failures - 1));
  return random() * ceilingMs;
}

/** What a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), bounded; 0 when it asks for nothing. */
export function retryAfterMs(header: string | readonly string[] | undefined, wallMs: number): number {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim() ?? '';
  const askedMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isNaN(askedMs) ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, askedMs));
}
