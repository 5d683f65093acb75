import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { IS_ERROR, IS_ROOT, type ScannedTraces } from '../../wire/datadog/scan-traces.ts';
import type { LlmSpanRow, SpanRow } from './store.ts';
import type { TraceIds } from './trace-ids.ts';

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
  row: number;
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
  row: 0,
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

/** As it is searched for. */
const wordOf = (mark: string, text: string): string =>
  text === '' ? '' : mark + text.toLowerCase().replaceAll(WORD_END, ' ') + WORD_END;

function addWord(part: Part, word: string): void {
  if (word === '' || part.wordsChars > MAX_WORDS_CHARS) return;
  if (part.words.has(word) || part.wordsChars + word.length > MAX_WORDS_CHARS) return;
  part.words.add(word);
  part.wordsChars += word.length;
}

function addTime(part: Part, startUs: number, durationNs: number): void {
  part.startUs = Math.min(part.startUs, startUs);
  part.endUs = Math.max(part.endUs, startUs + Math.round(Math.max(0, durationNs) / 1000));
}

type Head = Pick<Part, 'name' | 'service' | 'resource' | 'source'>;

const isBetter = (part: Part, rank: number, startUs: number): boolean =>
  rank < part.rank || (rank === part.rank && startUs < part.headStart);

function nameAfter(part: Part, rank: number, startUs: number, head: Head): void {
  if (isBetter(part, rank, startUs)) Object.assign(part, { rank, headStart: startUs, ...head });
}

const SERVICE = 0;
const NAME = 1;
const RESOURCE = 2;
const MARKS = [WORD.service, WORD.name, WORD.resource] as const;

/** Words of a scanned payload's texts: each made once, and looked up once a trace. */
class ScannedWords {
  readonly #texts: readonly string[];
  readonly #words: (string | undefined)[] = [];
  readonly #seen: Uint32Array;
  #trace = 0;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.#seen = new Uint32Array(texts.length * MARKS.length);
  }

  /** The next trace. */
  begin(): void {
    this.#trace += 1;
  }

  add(part: Part, kind: typeof SERVICE | typeof NAME | typeof RESOURCE, text: number): void {
    const place = text * MARKS.length + kind;
    if (this.#seen[place] === this.#trace) return;
    this.#seen[place] = this.#trace;
    addWord(part, (this.#words[place] ??= wordOf(MARKS[kind], this.#texts[text]!)));
  }
}

/** LLM calls that cost something; workflows and tools do not. */
const PRICED = new Set(['llm', 'embedding']);

/** Keeps one row a trace up to date: what the rows of one request say is added up first, then written once a trace. */
export class TraceSummaries {
  readonly #ids: TraceIds;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  /** After an undone transaction ahead of the rows: only the order counts. */
  #lastRow: number;
  #parts = new Map<string, Part>();
  #flushed: ReadonlyMap<string, Part> = new Map();

  constructor(db: DatabaseSync, ids: TraceIds) {
    this.#ids = ids;
    const better = `(?13 < head_rank OR (?13 = head_rank AND ?14 < head_start))`;
    const head = (column: string, place: number): string =>
      `${column} = CASE WHEN ${better} THEN ?${place} ELSE ${column} END`;
    this.#insert = db.prepare(`
      INSERT INTO traces (id, last_arrival, start_us, end_us, duration_us, spans, evicted, errors, roots,
        llm_spans, tokens, cost, unpriced, head_rank, head_start, name, service, resource, source, words, trace_id)
      VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#update = db.prepare(`
      UPDATE traces SET
        last_arrival = ?2, start_us = min(start_us, ?3), end_us = max(end_us, ?4),
        duration_us = max(end_us, ?4) - min(start_us, ?3),
        spans = spans + ?6, errors = errors + ?7, roots = roots + ?8, llm_spans = llm_spans + ?9, tokens = tokens + ?10,
        cost = CASE WHEN ?11 IS NULL THEN cost ELSE coalesce(cost, 0) + ?11 END, unpriced = unpriced + ?12,
        head_rank = min(head_rank, ?13), head_start = CASE WHEN ${better} THEN ?14 ELSE head_start END,
        ${['name', 'service', 'resource', 'source'].map((column, i) => head(column, 15 + i)).join(', ')},
        words = CASE WHEN length(words) + length(?19) > ${MAX_WORDS_CHARS} OR instr(words, ?19) > 0
          THEN words ELSE words || ?19 END
      WHERE id = ?1`);
    this.#lastRow = Number(db.prepare('SELECT max(id) AS n FROM traces').get()?.['n'] ?? 0);
  }

  addSpan(span: SpanRow, source: string): void {
    const part = this.#part(span.traceId);
    const startUs = clampStart(span.startUs);
    addTime(part, startUs, span.durationNs);
    part.spans += 1;
    if (span.error) part.errors += 1;
    if (span.parentId === '') part.roots += 1;
    nameAfter(part, span.parentId === '' ? ROOT : SPAN, startUs, { ...pick(span), source });
    addWord(part, wordOf(WORD.service, span.service));
    addWord(part, wordOf(WORD.name, span.name));
    addWord(part, wordOf(WORD.resource, span.resource));
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
    addWord(part, wordOf(WORD.name, span.name));
    addWord(part, wordOf(WORD.kind, span.kind));
    addWord(part, wordOf(WORD.model, span.model));
  }

  /** What {@link addSpan} adds, for spans that nobody decoded. */
  addScanned({ traces, facts, texts }: ScannedTraces, source: string): void {
    const words = new ScannedWords(texts);
    let at = 0;
    for (const { traceId, spans } of traces) {
      const part = this.#part(traceId);
      words.begin();
      for (const end = at + spans; at < end; at += 1) {
        const startUs = clampStart(facts.startUs[at]!);
        const service = facts.service[at]!;
        const name = facts.name[at]!;
        const resource = facts.resource[at]!;
        const flags = facts.flags[at]!;
        const isRoot = (flags & IS_ROOT) !== 0;
        addTime(part, startUs, facts.durationNs[at]!);
        part.spans += 1;
        if ((flags & IS_ERROR) !== 0) part.errors += 1;
        if (isRoot) part.roots += 1;
        const rank = isRoot ? ROOT : SPAN;
        if (isBetter(part, rank, startUs)) {
          part.rank = rank;
          part.headStart = startUs;
          part.name = texts[name]!;
          part.service = texts[service]!;
          part.resource = texts[resource]!;
          part.source = source;
        }
        words.add(part, SERVICE, service);
        words.add(part, NAME, name);
        words.add(part, RESOURCE, resource);
      }
    }
  }

  /** Writes what was added since the last time; returns how many traces were touched. */
  flush(arrival: number): number {
    for (const [traceId, part] of this.#parts) {
      const found = this.#ids.find(traceId);
      if (found === undefined) this.#lastRow += 1;
      part.row = found ?? this.#lastRow;
      const values = [
        part.row,
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
      ];
      if (found === undefined) {
        this.#insert.run(...values, traceId);
        this.#ids.add(traceId, part.row);
      } else this.#update.run(...values);
    }
    const touched = this.#parts.size;
    this.#flushed = this.#parts;
    this.#parts = new Map();
    return touched;
  }

  /** The row of a trace that was written by the last {@link flush}. */
  rowOf(traceId: string): number {
    return this.#flushed.get(traceId)!.row;
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
