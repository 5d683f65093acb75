import { KEEP_EVERYTHING, type Policy, type PolicyProblem, type PolicySource, type Rule } from './policy.ts';
import { parseRules } from './parse-rules.ts';
import { PROFILE_RULES } from './profile-rules.ts';

/** Where rules can be written. */
export interface PolicyInput {
  readonly profile: 'development' | 'staging' | 'production';
  /** Text of `DD_TRACE_SAMPLING_RULES`. */
  readonly environmentRules?: string | undefined;
  /** The section `sampling` of the configuration file: a list of rules, or an object with `rules`. */
  readonly fileSection?: unknown;
}

export interface ResolvedPolicy {
  /** Keeps everything when there is an error among the problems. */
  readonly policy: Policy;
  readonly problems: readonly PolicyProblem[];
}

const ENVIRONMENT = 'DD_TRACE_SAMPLING_RULES';
const FILE = 'sampling';

/**
 * The policy in effect: rules of the environment, then those of the file, and where neither names any the profile's.
 * One error anywhere means that the whole policy is refused and everything is kept: half a policy is nobody's
 * intention. Never throws.
 */
export function resolvePolicy({ profile, environmentRules, fileSection }: PolicyInput): ResolvedPolicy {
  const problems: PolicyProblem[] = [];
  const rules: Rule[] = [];
  const take = (raw: unknown, at: string): void => {
    const parsed = parseRules(raw, at, new Set(rules.map(({ id }) => id)));
    problems.push(...parsed.problems);
    rules.push(...parsed.rules);
  };
  if (environmentRules !== undefined) take(parseJson(environmentRules, problems), ENVIRONMENT);
  const inFile = fileSection !== undefined && fileSection !== null;
  if (inFile) take(rulesOfSection(fileSection, problems), `${FILE}.rules`);
  const written = environmentRules !== undefined || inFile;
  if (!written) take(PROFILE_RULES[profile], 'profile');
  if (problems.some(({ severity }) => severity === 'error'))
    return { policy: { ...KEEP_EVERYTHING, source: 'refused' }, problems };
  return {
    policy: { source: sourceOf(environmentRules !== undefined, inFile, rules.length), rules },
    problems,
  };
}

function sourceOf(environment: boolean, file: boolean, rules: number): PolicySource {
  if (environment) return file ? 'environment+file' : 'environment';
  if (file) return 'file';
  return rules === 0 ? 'none' : 'profile';
}

function parseJson(text: string, problems: PolicyProblem[]): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    problems.push({
      severity: 'error',
      code: 'KS-POLICY-001',
      at: ENVIRONMENT,
      why: `it is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`,
      fix: `write ${ENVIRONMENT}='[{"resource":"GET /health","sample_rate":0}]'`,
    });
    return [];
  }
}

function rulesOfSection(section: unknown, problems: PolicyProblem[]): unknown {
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return section;
  for (const key of Object.keys(section)) {
    if (key === 'rules') continue;
    problems.push({
      severity: 'error',
      code: 'KS-POLICY-002',
      at: `${FILE}.${key}`,
      why: `the section has no ${JSON.stringify(key.slice(0, 60))}`,
      fix: 'it has rules, a list',
    });
  }
  return (section as { readonly rules?: unknown }).rules ?? [];
}
