import type { NoiseClass } from './noise.ts';

/** One rule of a policy, as written. Every subject that is named must match; a rule without any matches everything. */
export interface Rule {
  /** Unique in its policy; what verdicts and counts name. */
  readonly id: string;
  readonly noise?: NoiseClass;
  readonly service?: string;
  readonly name?: string;
  readonly resource?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Between 0 and 1. */
  readonly sampleRate: number;
  /** At most so many are kept each second, in each process. */
  readonly maxPerSecond?: number;
}

/** Where the rules came from, for the start-up record. */
export type PolicySource = 'environment' | 'file' | 'environment+file' | 'profile' | 'none' | 'refused';

/** What is thinned, and how. Protection is not part of it: no policy can switch it off. */
export interface Policy {
  readonly source: PolicySource;
  readonly rules: readonly Rule[];
}

/** Nothing is thinned. */
export const KEEP_EVERYTHING: Policy = { source: 'none', rules: [] };

/** Something is wrong with a policy, or will not do what it seems to say. */
export interface PolicyProblem {
  /** `error`: the policy is not used, everything is kept. `warning`: it is used, and somebody should know. */
  readonly severity: 'error' | 'warning';
  readonly code: `KS-POLICY-${string}`;
  /** Where: `DD_TRACE_SAMPLING_RULES[0].sample_rate`, or a file's path within. */
  readonly at: string;
  /** One-based line in a file, where it is known. */
  readonly line?: number;
  readonly why: string;
  readonly fix: string;
}

/** A rule in few words: its subjects and its rate. */
export function describeRule(rule: Omit<Rule, 'id'>): string {
  const { noise, service, name, resource, tags = {}, sampleRate } = rule;
  const subjects = Object.entries({ noise, service, name, resource, ...prefixed(tags) })
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([key, value]) => (key === 'noise' ? value : `${key}=${value}`));
  return `${subjects.length === 0 ? 'everything' : subjects.join(' ')} @ ${sampleRate}`;
}

function prefixed(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tags.${key}`, value]));
}
