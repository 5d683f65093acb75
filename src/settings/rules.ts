/** The sampling rules of the requirement, section 2: what staging and production thin out. */
export const PRODUCTION_RULES = [
  { resource: 'kafka.consume', sample_rate: 0.01 },
  { resource: 'sqs.receivemessage', sample_rate: 0.01 },
  { resource: 'GET /health', sample_rate: 0 },
] as const;

/**
 * Why a text is not a list of sampling rules, or undefined when it is. What a rule may match on is the business of
 * the policy; here is what holds for every rule, so that a slip is found before anything ships.
 */
export function rulesProblem(text: string): string | undefined {
  let rules: unknown;
  try {
    rules = JSON.parse(text);
  } catch (error) {
    return `it is not JSON: ${error instanceof Error ? error.message.replace(/, ?".*$/s, '') : 'unreadable'}`;
  }
  if (!Array.isArray(rules)) return 'it is JSON, but not an array';
  for (const [index, rule] of (rules as unknown[]).entries()) {
    const why = ruleProblem(rule);
    if (why !== undefined) return `rule ${index + 1} ${why}`;
  }
  return undefined;
}

function ruleProblem(rule: unknown): string | undefined {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return 'is not an object';
  const { sample_rate: rate } = rule as { readonly sample_rate?: unknown };
  if (rate === undefined) return undefined;
  return typeof rate === 'number' && rate >= 0 && rate <= 1
    ? undefined
    : 'has a sample_rate that is no number from 0 to 1';
}
