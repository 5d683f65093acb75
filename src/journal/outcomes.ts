import { appendFileSync, closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';

/** How far one stream of a writer is resolved. */
export interface Cursor {
  readonly segment: number;
  readonly offset: number;
  /** Signals of the stream up to here. */
  readonly signals: number;
}

/** Names of what becomes of journaled signals: `delivered`, `sampledOut`, `dropped.<reason>`, `lost.<reason>`. */
export type OutcomeName = 'delivered' | 'sampledOut' | `dropped.${string}` | `lost.${string}`;

export type OutcomeCounts = Readonly<Partial<Record<OutcomeName, number>>>;

export interface StreamState {
  readonly cursor: Cursor;
  readonly counts: OutcomeCounts;
  /** Signals that may have reached upstream twice. */
  readonly maybeTwice: number;
  /** Signals of a request whose answer never came: sent, not resolved. */
  readonly inFlight: number;
}

export type OutcomeState = Readonly<Record<SignalKind, StreamState>>;

type Line =
  | { readonly k: SignalKind; readonly c: Cursor; readonly n: OutcomeCounts }
  | { readonly k: SignalKind; readonly i: number }
  | { readonly k: SignalKind; readonly d: number }
  | { readonly all: OutcomeState };

const START: StreamState = { cursor: { segment: 0, offset: 0, signals: 0 }, counts: {}, maybeTwice: 0, inFlight: 0 };
const COMPACT_BYTES = 1024 * 1024;

/** What the log of a writer's deliverer says. An absent log is the start; a torn last line is ignored. */
export function readOutcomes(file: string): OutcomeState {
  let state: OutcomeState = { spans: START, llmSpans: START, evaluations: START };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return state;
    throw error;
  }
  for (const line of text.split('\n')) {
    const parsed = parseLine(line);
    if (parsed !== undefined) state = fold(state, parsed);
  }
  return state;
}

/**
 * The deliverer's side of the ledger for one writer: an append-only file, one writer (the holder of
 * `deliverer.json`). An intent before each request and a resolution after it make what may be sent twice countable.
 */
export class OutcomeLog {
  readonly #file: string;
  #fd: number;
  #bytes: number;
  #state: OutcomeState;

  /** @throws what the file system throws */
  constructor(file: string) {
    this.#file = file;
    this.#state = readOutcomes(file);
    this.#fd = openLog(file);
    this.#bytes = fstatSync(this.#fd).size;
    if (this.#bytes > 0) this.#bytes += writeSync(this.#fd, '\n'); // Ends a torn last line.
    // A request without an answer when the last deliverer died: upstream may have it already.
    for (const kind of SIGNAL_KINDS) {
      const { inFlight } = this.#state[kind];
      if (inFlight > 0) this.maybeTwice(kind, inFlight);
    }
  }

  get state(): OutcomeState {
    return this.#state;
  }

  /** Before a request that carries `count` signals. */
  intent(kind: SignalKind, count: number): void {
    this.#append({ k: kind, i: count });
  }

  /** After it: the stream is resolved up to `cursor`, with these outcomes. */
  resolve(kind: SignalKind, cursor: Cursor, counts: OutcomeCounts): void {
    this.#append({ k: kind, c: cursor, n: counts });
  }

  /** Signals that will be sent again although upstream may have them; also ends the open intent. */
  maybeTwice(kind: SignalKind, count: number): void {
    this.#append({ k: kind, d: count });
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append(line: Line): void {
    const text = `${JSON.stringify(line)}\n`;
    this.#bytes += writeSync(this.#fd, text);
    this.#state = fold(this.#state, line);
    if (this.#bytes > COMPACT_BYTES) this.#compact();
  }

  #compact(): void {
    const text = `${JSON.stringify({ all: this.#state } satisfies Line)}\n`;
    writeFileSync(`${this.#file}.tmp`, text, { mode: 0o600 });
    renameSync(`${this.#file}.tmp`, this.#file);
    closeSync(this.#fd);
    this.#fd = openLog(this.#file);
    this.#bytes = text.length;
  }
}

function openLog(file: string): number {
  return openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW, 0o600);
}

function fold(state: OutcomeState, line: Line): OutcomeState {
  if ('all' in line) return line.all;
  const stream = state[line.k];
  return { ...state, [line.k]: foldStream(stream, line) };
}

function foldStream(stream: StreamState, line: Exclude<Line, { all: OutcomeState }>): StreamState {
  if ('i' in line) return { ...stream, inFlight: line.i };
  if ('d' in line) return { ...stream, inFlight: 0, maybeTwice: stream.maybeTwice + line.d };
  return { ...stream, inFlight: 0, cursor: line.c, counts: addCounts(stream.counts, line.n) };
}

export function addCounts(a: OutcomeCounts, b: OutcomeCounts): OutcomeCounts {
  const sum: Partial<Record<OutcomeName, number>> = { ...a };
  for (const [name, n] of Object.entries(b) as [OutcomeName, number][]) sum[name] = (sum[name] ?? 0) + n;
  return sum;
}

function parseLine(line: string): Line | undefined {
  if (line === '') return undefined;
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined; // Torn by the end of an earlier deliverer.
  }
}

/** One more refused record for inspection and resending: `keepspan ledger --records`. */
export function appendQuarantine(file: string, entry: Readonly<Record<string, unknown>>): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
}
