/** Knuth's factor, which Datadog's tracers of all languages share (dd-trace, packages/dd-trace/src/knuth-hash.js). */
const FACTOR = 1_111_111_111_111_111_111n;

/**
 * Decides by trace id alone, as dd-trace does: every process with the same rate says the same about the same trace.
 *
 * @param rate between 0 and 1
 */
export function createRateTest(rate: number): (traceId: bigint) => boolean {
  if (rate >= 1) return () => true;
  if (rate <= 0) return () => false;
  // As a double, 2^64 − 1 is 2^64: the same rounding as dd-trace's.
  const threshold = BigInt(Math.floor(rate * 2 ** 64));
  return (traceId) => BigInt.asUintN(64, traceId * FACTOR) <= threshold;
}
