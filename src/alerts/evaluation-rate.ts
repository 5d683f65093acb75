import type { Evidence } from './condition.ts';
import type { History, Snapshot } from './history.ts';
import { poissonAtMost } from './poisson.ts';

const WINDOW_MS = 10 * 60_000;
const BASELINE_MS = 60 * 60_000;
/** A baseline of fewer says nothing yet. */
const MIN_BASELINE = 30;
/** So unlikely must it be to see so few by chance, were the rate what it was. */
const MAX_CHANCE = 0.001;

const created =
  (kind: string) =>
  (snapshot: Snapshot): number =>
    snapshot.byKind[`created.${kind}`] ?? 0;

/**
 * Whether evaluations have dropped by more than half against their own last hour. What is expected is the hour's
 * evaluations per LLM span times the LLM spans of the last 10 minutes, so that a quiet night is not a drop (where there
 * are no LLM spans: the hour's evaluations per minute); and what is seen must be improbable at that expectation, with
 * less than one in a thousand by a Poisson count, so that low counts stay silent.
 */
export function evaluationRate(history: History): Evidence | undefined {
  const evaluations = created('evaluations');
  const llmSpans = created('llmSpans');
  const observed = history.increase(evaluations, WINDOW_MS);
  const before = history.increase(evaluations, BASELINE_MS, WINDOW_MS);
  if (before < MIN_BASELINE) return undefined;
  const spansBefore = history.increase(llmSpans, BASELINE_MS, WINDOW_MS);
  const expected =
    spansBefore > 0
      ? (before / spansBefore) * history.increase(llmSpans, WINDOW_MS)
      : (before * WINDOW_MS) / baselineMs(history);
  if (observed >= expected / 2 || poissonAtMost(observed, expected) >= MAX_CHANCE) return undefined;
  const text = `${observed} evaluations in 10 minutes, ${Math.round(expected)} were to be expected by the hour before`;
  return { text, value: observed, threshold: expected / 2 };
}

/** How much of the hour before is known: a young process has less. */
function baselineMs(history: History): number {
  const newest = history.now?.atMs ?? 0;
  const oldest = history.oldest?.atMs ?? newest;
  return Math.max(WINDOW_MS, Math.min(BASELINE_MS, newest - WINDOW_MS - oldest));
}
