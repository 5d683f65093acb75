/** What one rule of the service's policy saw, as the service says it at its end. */
export interface RuleCount {
  readonly rule: string;
  readonly seen: number;
  readonly kept: number;
}

/** Polls and probes: counted by those who made them, by the receiver, and by the policy in between. */
export interface NoiseReport {
  /** Traces of polls and probes that were made. */
  readonly seen: number;
  /** Of them, those whose span arrived. */
  readonly kept: number;
  readonly rules: readonly RuleCount[];
}

/** The counts in the record that a service writes when it has shut down; none when it was killed. */
export function ruleCountsIn(output: string): readonly RuleCount[] {
  const line = output.split('\n').findLast((text) => text.includes('"msg":"observability_shutdown"'));
  if (line === undefined) return [];
  try {
    const { noise } = JSON.parse(line) as { readonly noise?: { readonly rules: readonly RuleCount[] } };
    return noise?.rules ?? [];
  } catch {
    return []; // The tail that is kept begins in the middle of it.
  }
}

export function addRuleCounts(all: readonly (readonly RuleCount[])[]): readonly RuleCount[] {
  const sums = new Map<string, RuleCount>();
  for (const { rule, seen, kept } of all.flat()) {
    const before = sums.get(rule);
    sums.set(rule, { rule, seen: seen + (before?.seen ?? 0), kept: kept + (before?.kept ?? 0) });
  }
  return [...sums.values()];
}
