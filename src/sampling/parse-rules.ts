import { MAX_PATTERN_CHARS, MAX_STARS } from './glob.ts';
import { NOISE_CLASSES, type NoiseClass } from './noise.ts';
import { describeRule, type PolicyProblem, type Rule } from './policy.ts';
import { nearest } from '../settings/problem.ts';

/** A rule as somebody wrote it, in dd-trace's grammar or in ours. */
export type RawRule = Readonly<Record<string, unknown>>;

/** More rules than a person can oversee; each is tried for every trace that none before it matched. */
export const MAX_RULES = 100;

/** dd-trace takes its rules in snake case from the environment and in camel case from code. */
const SPELLINGS: Readonly<Record<string, string>> = {
  samplerate: 'sample_rate',
  sample_rate: 'sample_rate',
  maxpersecond: 'max_per_second',
  max_per_second: 'max_per_second',
};
const KEYS = [
  'noise',
  'id',
  'service',
  'name',
  'resource',
  'tags',
  'sample_rate',
  'max_per_second',
  'discard',
  'provenance',
];

export interface ParsedRules {
  readonly rules: readonly Rule[];
  readonly problems: readonly PolicyProblem[];
}

/**
 * Reads a list of rules. Never throws. A rule with an error is left out, and the error is named with its place and
 * what to write instead; whoever uses the rules must not use part of a policy.
 *
 * @param at name of the list, for the places of problems
 * @param taken ids that are in use already
 */
export function parseRules(raw: unknown, at: string, taken: ReadonlySet<string> = new Set()): ParsedRules {
  const problems: PolicyProblem[] = [];
  if (!Array.isArray(raw)) {
    problems.push(
      bad(
        'KS-POLICY-001',
        at,
        'it is not a list of rules',
        `write ${at}: [{"noise":"health","sample_rate":0}]`,
      ),
    );
    return { rules: [], problems };
  }
  if (raw.length > MAX_RULES) {
    const why = `${raw.length} rules are more than ${MAX_RULES}`;
    problems.push(bad('KS-POLICY-001', at, why, 'join rules with globs, or match by noise class'));
    return { rules: [], problems };
  }
  const rules: Rule[] = [];
  const ids = new Set(taken);
  raw.forEach((entry: unknown, index) => {
    const parsed = new RuleParser(`${at}[${index}]`, problems).parse(entry);
    if (parsed === undefined) return;
    const rule = { ...parsed, id: unique(parsed.id ?? describeRule(parsed), ids) };
    ids.add(rule.id);
    rules.push(rule);
  });
  return { rules, problems };
}

function unique(id: string, taken: ReadonlySet<string>): string {
  let candidate = id;
  for (let n = 2; taken.has(candidate); n += 1) candidate = `${id} (${n})`;
  return candidate;
}

function bad(code: PolicyProblem['code'], at: string, why: string, fix: string): PolicyProblem {
  return { severity: 'error', code, at, why, fix };
}

class RuleParser {
  readonly #at: string;
  readonly #problems: PolicyProblem[];
  #failed = false;

  constructor(at: string, problems: PolicyProblem[]) {
    this.#at = at;
    this.#problems = problems;
  }

  parse(entry: unknown): (Omit<Rule, 'id'> & { readonly id?: string }) | undefined {
    if (!isObject(entry)) {
      this.#fail(
        '',
        'KS-POLICY-001',
        'a rule is not an object',
        'write {"resource":"GET /health","sample_rate":0}',
      );
      return undefined;
    }
    const fields = this.#normalised(entry);
    const sampleRate = this.#number(fields, 'sample_rate', 0, 1) ?? 1;
    const maxPerSecond = this.#number(fields, 'max_per_second', 0, Number.MAX_SAFE_INTEGER);
    const noise = this.#noise(fields['noise']);
    const id = this.#text(fields['id'], 'id');
    const patterns = {
      service: this.#pattern(fields['service'], 'service'),
      name: this.#pattern(fields['name'], 'name'),
      resource: this.#pattern(fields['resource'], 'resource'),
    };
    const tags = this.#tags(fields['tags']);
    if (this.#failed) return undefined;
    return {
      ...(id === undefined ? {} : { id }),
      ...(noise === undefined ? {} : { noise }),
      ...given(patterns),
      ...(tags === undefined ? {} : { tags }),
      sampleRate,
      ...(maxPerSecond === undefined ? {} : { maxPerSecond }),
    };
  }

  #normalised(entry: RawRule): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(entry)) {
      const known = Object.hasOwn(SPELLINGS, key.toLowerCase())
        ? SPELLINGS[key.toLowerCase()]
        : KEYS.find((k) => k === key);
      if (known === undefined) {
        const meant = nearest(key, KEYS);
        const fix =
          meant === undefined ? `remove it; a rule has ${KEYS.join(', ')}` : `did you mean ${meant}?`;
        this.#fail(key, 'KS-POLICY-002', `a rule has no ${JSON.stringify(key.slice(0, 60))}`, fix);
      } else fields[known] = value;
    }
    return fields;
  }

  #number(fields: RawRule, key: string, min: number, max: number): number | undefined {
    const value = fields[key];
    if (value === undefined || value === null) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      this.#fail(key, 'KS-POLICY-003', `${shown(value)} is not a number`, `write a number from ${min} on`);
    } else if (number < min || number > max) {
      const percent = key === 'sample_rate' && number > 1 && number <= 100;
      const fix = percent
        ? `did you mean ${number / 100}? rates are fractions, not percent`
        : `write a number from ${min} to ${max}`;
      this.#fail(key, 'KS-POLICY-003', `${number} is outside ${min} to ${max}`, fix);
    } else return number;
    return undefined;
  }

  #noise(value: unknown): NoiseClass | undefined {
    if (value === undefined) return undefined;
    const known = NOISE_CLASSES.find((name) => name === value);
    if (known !== undefined) return known;
    const meant = typeof value === 'string' ? nearest(value, NOISE_CLASSES) : undefined;
    const fix = meant === undefined ? `write one of ${NOISE_CLASSES.join(', ')}` : `did you mean ${meant}?`;
    this.#fail('noise', 'KS-POLICY-003', `${shown(value)} is no class of noise`, fix);
    return undefined;
  }

  #text(value: unknown, key: string): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '' && value.length <= MAX_PATTERN_CHARS) return value;
    this.#fail(
      key,
      'KS-POLICY-003',
      `${shown(value)} is not a short text`,
      `write a text of at most ${MAX_PATTERN_CHARS} characters`,
    );
    return undefined;
  }

  #pattern(value: unknown, key: string): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (value instanceof RegExp) {
      const why = 'a regular expression can take exponential time on a hostile resource';
      this.#fail(key, 'KS-POLICY-004', why, 'write a glob: * is any text, ? one character');
      return undefined;
    }
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value !== 'string' || value === '') {
      this.#fail(
        key,
        'KS-POLICY-003',
        `${shown(value)} is not a pattern`,
        'write a glob: * is any text, ? one character',
      );
      return undefined;
    }
    const stars = value.replace(/\*+/g, '*').split('*').length - 1;
    if (value.length > MAX_PATTERN_CHARS || stars > MAX_STARS) {
      const why = `a pattern of ${value.length} characters with ${stars} stars costs too much on every trace`;
      this.#fail(
        key,
        'KS-POLICY-004',
        why,
        `use at most ${MAX_PATTERN_CHARS} characters and ${MAX_STARS} stars`,
      );
      return undefined;
    }
    return value;
  }

  #tags(value: unknown): Record<string, string> | undefined {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) {
      this.#fail(
        'tags',
        'KS-POLICY-003',
        `${shown(value)} is not a map of patterns`,
        'write {"tags":{"tenant":"internal-*"}}',
      );
      return undefined;
    }
    const tags: Record<string, string> = {};
    for (const [key, pattern] of Object.entries(value)) {
      const parsed = this.#pattern(pattern, `tags.${key}`);
      if (parsed !== undefined) tags[key] = parsed;
    }
    return tags;
  }

  #fail(key: string, code: PolicyProblem['code'], why: string, fix: string): void {
    this.#failed = true;
    this.#problems.push(bad(code, key === '' ? this.#at : `${this.#at}.${key}`, why, fix));
  }
}

function isObject(value: unknown): value is RawRule {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp);
}

function given<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? typeof value).slice(0, 60);
}
