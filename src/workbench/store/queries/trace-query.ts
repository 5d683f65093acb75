import { isIdText, traceIdCandidates } from './ids.ts';
import { WORD, WORD_END } from '../trace-summary.ts';
import type { TagNeedle } from './tag-search.ts';

/** A condition on a row of `traces`: SQL that is 0 or 1, and what stands for its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
  /** Where it can hold of this trace alone. */
  readonly traceId?: string;
}

/** Finds the trace of an id. */
export type ResolveTrace = (candidates: readonly string[]) => string | undefined;

export type TraceQuery = readonly Condition[];

/** A `q` that cannot be understood. */
export class TraceQueryError extends Error {
  override readonly name = 'TraceQueryError';
  /** Where in the text, from 0. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

const MAX_CHARS = 1024;
const MAX_TERMS = 32;

interface Term {
  readonly negated: boolean;
  /** '' for a plain word. */
  readonly key: string;
  readonly value: string;
  readonly at: number;
  readonly valueAt: number;
}

/** Splits at blanks, keeps what stands in quotes together. */
function* terms(text: string): Generator<Term> {
  let at = 0;
  const quoted = (): string => {
    const start = at;
    const end = text.indexOf('"', at + 1);
    if (end < 0) throw new TraceQueryError('the quote is not closed', start);
    at = end + 1;
    if (at < text.length && !/\s/.test(text[at] as string))
      throw new TraceQueryError('a blank belongs after the closing quote', at);
    return text.slice(start + 1, end);
  };
  const bare = (stop: RegExp): string => {
    const start = at;
    while (at < text.length && !stop.test(text[at] as string)) at += 1;
    return text.slice(start, at);
  };
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1;
    if (at >= text.length) return;
    const start = at;
    const negated = text[at] === '-';
    if (negated) at += 1;
    if (text[at] === '"') {
      yield { negated, key: '', value: quoted(), at: start, valueAt: start };
      continue;
    }
    const head = bare(/[\s:"]/);
    if (text[at] === '"') throw new TraceQueryError('a quote stands at the beginning of a value', at);
    if (text[at] !== ':') {
      if (head === '') throw new TraceQueryError('a minus needs a word after it', start);
      yield { negated, key: '', value: head, at: start, valueAt: start };
      continue;
    }
    at += 1;
    const valueAt = at;
    const value = text[at] === '"' ? quoted() : bare(/\s/);
    if (head === '') throw new TraceQueryError('a key is missing before the colon', start);
    if (value === '') throw new TraceQueryError(`${head}: needs a value`, valueAt);
    yield { negated, key: head, value, at: start, valueAt };
  }
}

const WORDS: Readonly<Record<string, string>> = WORD;
/** Columns of `traces` that numbers are compared with, and what one unit of the query is there. */
const NUMBERS: Readonly<Record<string, string>> = {
  duration: 'duration_us',
  spans: 'spans',
  tokens: 'tokens',
  errors: 'errors',
  llm: 'llm_spans',
};
const UNIT_US: Readonly<Record<string, number>> = { us: 1, µs: 1, ms: 1e3, s: 1e6, m: 60e6, '': 1e3 };
const COMPARISON = /^(>=|<=|>|<|=)?(\d{1,15}(?:\.\d{1,6})?)(us|µs|ms|s|m)?$/;

const inWords = (text: string): Condition => ({
  sql: 'instr(words, ?) > 0',
  values: [text],
});

function numberCondition({ key, value, valueAt }: Term): Condition {
  const match = COMPARISON.exec(value.toLowerCase());
  const unit = match?.[3] ?? '';
  if (match === null || (unit !== '' && key !== 'duration')) {
    const example = key === 'duration' ? 'duration:>100ms' : `${key}:>10`;
    throw new TraceQueryError(`${key} is compared with a number, as in ${example}`, valueAt);
  }
  const number = Number(match[2]) * (key === 'duration' ? (UNIT_US[unit] as number) : 1);
  return { sql: `${NUMBERS[key]} ${match[1] ?? '='} ?`, values: [number] };
}

/** A tag of a span, see tag-search.ts; in the tags of an LLM span: `"key:value"`. */
function tagCondition(key: string, value: string): Condition {
  const isPrefix = value.endsWith('*');
  const text = isPrefix ? value.slice(0, -1) : value;
  const needle: TagNeedle = { key, text, isPrefix };
  const quoted = JSON.stringify(`${key}:${text}`);
  return {
    sql:
      `(EXISTS (SELECT 1 FROM chunks c WHERE c.trace = traces.id AND chunk_has_tag(c.format, c.place, c.bytes, ?)) OR ` +
      `EXISTS (SELECT 1 FROM llm_spans l WHERE l.apm_trace_id = traces.trace_id AND instr(l.event, ?) > 0))`,
    values: [JSON.stringify(needle), isPrefix ? quoted.slice(0, -1) : quoted],
  };
}

function condition(term: Term, resolve: ResolveTrace): Condition {
  const { key, value, at, valueAt } = term;
  const lower = value.toLowerCase();
  if (key === '') {
    if (!isIdText(value)) return inWords(lower);
    const ids = traceIdCandidates(value);
    const found = resolve(ids);
    if (found !== undefined) return { sql: 'trace_id = ?', values: [found], traceId: found };
    const list = ids.map(() => '?').join(', ');
    return {
      sql: `(trace_id IN (${list}) OR substr(trace_id, 17) IN (${list}) OR instr(words, ?) > 0)`,
      values: [...ids, ...ids, lower],
    };
  }
  if (key.startsWith('tag.') && key.length > 4) return tagCondition(key.slice(4), value);
  const name = key.toLowerCase();
  if (name === 'status') {
    if (lower !== 'error' && lower !== 'ok') throw new TraceQueryError('status is error or ok', valueAt);
    return { sql: lower === 'error' ? 'errors > 0' : 'errors = 0', values: [] };
  }
  if (NUMBERS[name] !== undefined) return numberCondition({ ...term, key: name });
  const mark = WORDS[name];
  if (mark === undefined) {
    const known = [...Object.keys(WORDS), 'status', ...Object.keys(NUMBERS), 'tag.<key>'].join(', ');
    throw new TraceQueryError(`${key}: is not known (${known}); quote it to find it as text`, at);
  }
  return inWords(mark + (lower.endsWith('*') ? lower.slice(0, -1) : lower + WORD_END));
}

/**
 * Reads the query language of `/api/traces?q=`, described in docs/openapi.yaml.
 *
 * @throws TraceQueryError with the position of what is wrong
 */
export function parseTraceQuery(text: string, resolve: ResolveTrace): TraceQuery {
  if (text.length > MAX_CHARS)
    throw new TraceQueryError(`a query has at most ${MAX_CHARS} characters`, MAX_CHARS);
  const conditions: Condition[] = [];
  for (const term of terms(text)) {
    if (conditions.length === MAX_TERMS)
      throw new TraceQueryError(`a query has at most ${MAX_TERMS} terms`, term.at);
    const { sql, ...rest } = condition(term, resolve);
    conditions.push(
      term.negated ? { sql: `NOT (${sql})`, values: rest.values } : { sql: `(${sql})`, ...rest },
    );
  }
  return conditions;
}
