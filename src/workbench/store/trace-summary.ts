import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LlmSpanRow, SpanRow } from './store.ts';

/** Of different names that a trace can be found by; further ones are not searched. */
export const MAX_WORDS_CHARS = 4096;

/** First character of a searched word, by what it is: no text that people type has one. */
export const WORD = {
  service: '\u0001',
  name: '\u0002',
  resource: '\u0003',
  kind: '\u0004',
  model: '\u0005',
} as const;
/** Ends each word. */
export const WORD_END = '\n';

// A sum of start and duration must stay a safe integer when it is read back.
const MAX_START_US = 4e15;
// Two of them must still add up to a safe integer.
const MAX_TOKENS = 1e12;

export const clampStart = (startUs: number): number =>
  Math.max(-MAX_START_US, Math.min(MAX_START_US, startUs));

/** Ranks of what names a trace: a root, else the earliest span, else an LLM span. */
const ROOT = 0;
const SPAN = 1;
const LLM = 2;

interface Part {
  startUs: number;
  endUs: number;
  spans: number;
  errors: number;
  roots: number;
  llmSpans: number;
  tokens: number;
  cost: number | null;
  unpriced: number;
  rank: number;
  headStart: number;
  name: string;
  service: string;
  resource: string;
  source: string;
  words: Set<string>;
  wordsChars: number;
}

const emptyPart = (): Part => ({
  startUs: Number.MAX_SAFE_INTEGER,
  endUs: -Number.MAX_SAFE_INTEGER,
  spans: 0,
  errors: 0,
  roots: 0,
  llmSpans: 0,
  tokens: 0,
  cost: null,
  unpriced: 0,
  rank: LLM + 1,
  headStart: 0,
  name: '',
  service: '',
  resource: '',
  source: '',
  words: new Set(),
  wordsChars: 0,
});

function addWord(part: Part, mark: string, text: string): void {
  if (text === '' || part.wordsChars > MAX_WORDS_CHARS) return;
  const word = mark + text.toLowerCase().replaceAll(WORD_END, ' ') + WORD_END;
  if (part.words.has(word) || part.wordsChars + word.length > MAX_WORDS_CHARS) return;
  part.words.add(word);
  part.wordsChars += word.length;
}

function addTime(part: Part, startUs: number, durationNs: number): void {
  part.startUs = Math.min(part.startUs, startUs);
  part.endUs = Math.max(part.endUs, startUs + Math.round(Math.max(0, durationNs) / 1000));
}

type Head = Pick<Part, 'name' | 'service' | 'resource' | 'source'>;

function nameAfter(part: Part, rank: number, startUs: number, head: Head): void {
  if (rank > part.rank || (rank === part.rank && startUs >= part.headStart)) return;
  Object.assign(part, { rank, headStart: startUs, ...head });
}

/** LLM calls that cost something; workflows and tools do not. */
const PRICED = new Set(['llm', 'embedding']);

/** Keeps one row a trace up to date: what the rows of one request say is added up first, then written once a trace. */
export class TraceSummaries {
  readonly #upsert: StatementSync;
  #parts = new Map<string, Part>();

  constructor(db: DatabaseSync) {
    const better = `(excluded.head_rank < head_rank OR (excluded.head_rank = head_rank AND excluded.head_start < head_start))`;
    const head = (column: string): string =>
      `${column} = CASE WHEN ${better} THEN excluded.${column} ELSE ${column} END`;
    this.#upsert = db.prepare(`
      INSERT INTO traces (trace_id, last_arrival, start_us, end_us, duration_us, spans, evicted, errors, roots,
        llm_spans, tokens, cost, unpriced, head_rank, head_start, name, service, resource, source, words)
      VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (trace_id) DO UPDATE SET
        last_arrival = excluded.last_arrival,
        start_us = min(start_us, excluded.start_us), end_us = max(end_us, excluded.end_us),
        duration_us = max(end_us, excluded.end_us) - min(start_us, excluded.start_us),
        spans = spans + excluded.spans, errors = errors + excluded.errors, roots = roots + excluded.roots,
        llm_spans = llm_spans + excluded.llm_spans, tokens = tokens + excluded.tokens,
        cost = CASE WHEN excluded.cost IS NULL THEN cost ELSE coalesce(cost, 0) + excluded.cost END,
        unpriced = unpriced + excluded.unpriced,
        ${['name', 'service', 'resource', 'source', 'head_rank', 'head_start'].map(head).join(', ')},
        words = CASE WHEN length(words) + length(excluded.words) > ${MAX_WORDS_CHARS} OR instr(words, excluded.words) > 0
          THEN words ELSE words || excluded.words END`);
  }

  addSpan(span: SpanRow, source: string): void {
    const part = this.#part(span.traceId);
    const startUs = clampStart(span.startUs);
    addTime(part, startUs, span.durationNs);
    part.spans += 1;
    if (span.error) part.errors += 1;
    if (span.parentId === '') part.roots += 1;
    nameAfter(part, span.parentId === '' ? ROOT : SPAN, startUs, { ...pick(span), source });
    addWord(part, WORD.service, span.service);
    addWord(part, WORD.name, span.name);
    addWord(part, WORD.resource, span.resource);
  }

  addLlmSpan(span: LlmSpanRow): void {
    if (span.apmTraceId === '') return;
    const part = this.#part(span.apmTraceId);
    const startUs = clampStart(span.startUs);
    addTime(part, startUs, span.durationNs);
    part.llmSpans += 1;
    // Agents and workflows repeat what the calls below them used.
    if (PRICED.has(span.kind)) {
      part.tokens += Math.min(MAX_TOKENS, span.totalTokens ?? 0);
      if (span.costUsd === null) part.unpriced += 1;
      else part.cost = (part.cost ?? 0) + span.costUsd;
    }
    nameAfter(part, LLM, startUs, { name: span.name, service: span.mlApp, resource: '', source: 'llm' });
    addWord(part, WORD.name, span.name);
    addWord(part, WORD.kind, span.kind);
    addWord(part, WORD.model, span.model);
  }

  /** Writes what was added since the last time; returns how many traces were touched. */
  flush(arrival: number): number {
    const parts = this.#parts;
    this.#parts = new Map();
    for (const [traceId, part] of parts) {
      this.#upsert.run(
        traceId,
        arrival,
        part.startUs,
        part.endUs,
        part.endUs - part.startUs,
        part.spans,
        part.errors,
        part.roots,
        part.llmSpans,
        part.tokens,
        part.cost,
        part.unpriced,
        part.rank,
        part.headStart,
        part.name,
        part.service,
        part.resource,
        part.source,
        [...part.words].join(''),
      );
    }
    return parts.size;
  }

  /** Forgets what an undone transaction added. */
  clear(): void {
    this.#parts.clear();
  }

  #part(traceId: string): Part {
    let part = this.#parts.get(traceId);
    if (part === undefined) {
      part = emptyPart();
      this.#parts.set(traceId, part);
    }
    return part;
  }
}

const pick = ({ name, service, resource }: SpanRow): Omit<Head, 'source'> => ({ name, service, resource });
