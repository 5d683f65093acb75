import type { Pattern } from './patterns.ts';

/** What is wrong with a pattern of the user's. */
export interface PatternProblem {
  /** Which: `KEEPSPAN_REDACT_PATTERNS[2]`. */
  readonly at: string;
  readonly why: string;
  readonly fix: string;
}

const MAX_PATTERNS = 50;
const MAX_SOURCE_CHARS = 300;
/** `*`, `+` and `{n,}` mean at most so many: no match is longer by one part. */
const UNBOUNDED = 256;
/** Ways in which a pattern may try to match from one place; what is above could keep the thread for seconds. */
const MAX_WAYS = 20_000;
const VARIABLE = 'KEEPSPAN_REDACT_PATTERNS';
const FIX =
  'write [{"name":"customer","pattern":"C-\\\\d{8}"}]: names of a-z, digits and _; few, bounded repetitions';
const NAME = /^[a-z][a-z0-9_]{0,31}$/;

/**
 * Reads the JSON of `KEEPSPAN_REDACT_PATTERNS`: `[{ "name", "pattern", "ignoreCase"? }]`. Never throws; each pattern
 * that cannot be used is a problem.
 */
export function readOwnPatterns(json: string): {
  readonly patterns: readonly Pattern[];
  readonly problems: readonly PatternProblem[];
} {
  const patterns: Pattern[] = [];
  const problems: PatternProblem[] = [];
  const listed = parse(json);
  if (!Array.isArray(listed)) {
    return { patterns, problems: [{ at: VARIABLE, why: 'it is no list in JSON', fix: FIX }] };
  }
  for (const [index, entry] of listed.entries()) {
    const at = `${VARIABLE}[${index}]`;
    if (index >= MAX_PATTERNS) {
      problems.push({ at, why: `there are more than ${MAX_PATTERNS}`, fix: 'join some with |' });
      break;
    }
    try {
      patterns.push(readPattern(entry));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      problems.push({ at, why, fix: FIX });
    }
  }
  return { patterns, problems };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // Said as what it is: no list.
  }
}

function readPattern(entry: unknown): Pattern {
  if (!isRecord(entry)) throw new Error('it is no object');
  const { name, pattern, ignoreCase } = entry;
  if (typeof name !== 'string' || !NAME.test(name)) throw new Error(`its name is ${JSON.stringify(name)}`);
  if (typeof pattern !== 'string' || pattern === '') throw new Error('it has no pattern');
  if (pattern.length > MAX_SOURCE_CHARS) throw new Error(`it is longer than ${MAX_SOURCE_CHARS} characters`);
  new RegExp(pattern, 'u'); // Its own words for what is not a regular expression.
  const { source, ways } = boundedSource(pattern);
  if (ways > MAX_WAYS) throw new Error(`it could try ${ways} ways from one place, more than ${MAX_WAYS}`);
  const find = new RegExp(source, ignoreCase === true ? 'giu' : 'gu');
  find.lastIndex = 0;
  if (find.test('')) throw new Error('it matches the empty text');
  find.lastIndex = 0;
  return { name, find };
}

/**
 * The same expression with every repetition bounded, and an upper bound of the ways in which it can match from one
 * place: the product over all repetitions and alternatives, those of an outer repetition taken to its power by count.
 */
export function boundedSource(pattern: string): { readonly source: string; readonly ways: number } {
  let source = '';
  let at = 0;
  let depth = 0;

  const atom = (): number => {
    const start = at;
    const character = pattern[at] as string;
    if (character === '\\') {
      if (/[\dk]/.test(pattern[at + 1] ?? '')) throw new Error('it refers back to a group');
      at += /^\\[pPu]\{/.test(pattern.slice(at, at + 3)) ? pattern.indexOf('}', at) + 1 - at : 2;
    } else if (character === '[') {
      for (at += 1; pattern[at] !== ']'; at += 1) if (pattern[at] === '\\') at += 1;
      at += 1;
    } else if (character === '(') {
      const opening = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(pattern.slice(at))![0];
      source += opening;
      at += opening.length;
      depth += 1;
      if (depth > 8) throw new Error('its groups are nested deeper than 8');
      const ways = alternatives();
      depth -= 1;
      at += 1;
      source += ')';
      return ways;
    } else at += 1;
    source += pattern.slice(start, at);
    return 1;
  };

  const repetition = (ways: number): number => {
    const found = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/.exec(pattern.slice(at));
    if (found === null) return ways;
    at += found[0].length;
    const isLazy = pattern[at] === '?';
    if (isLazy) at += 1;
    const [min, max] =
      found[0] === '?'
        ? [0, 1]
        : found[0] === '*'
          ? [0, UNBOUNDED]
          : found[0] === '+'
            ? [1, UNBOUNDED]
            : [Number(found[1]), found[2] === undefined ? Number(found[1]) : Number(found[3] || UNBOUNDED)];
    if (max > 10_000) throw new Error('it repeats something more than 10,000 times');
    source += `{${min},${Math.max(min, max)}}${isLazy ? '?' : ''}`;
    return Math.min(Number.MAX_SAFE_INTEGER, (max - min + 1) * ways ** Math.max(1, ways > 1 ? max : 1));
  };

  const alternatives = (): number => {
    let total = 0;
    let ways = 1;
    for (; at < pattern.length && pattern[at] !== ')';) {
      if (pattern[at] === '|') {
        source += '|';
        at += 1;
        total += ways;
        ways = 1;
        continue;
      }
      ways = Math.min(Number.MAX_SAFE_INTEGER, ways * repetition(atom()));
    }
    return total + ways;
  };

  const ways = alternatives();
  return { source, ways };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
