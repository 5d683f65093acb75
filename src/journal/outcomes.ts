import {
  closeSync,
  constants,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
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
  | { readonly k: SignalKind; readonly d: number; readonly left?: number }
  | { readonly all: OutcomeState };

const START: StreamState = {
  cursor: { segment: 0, offset: 0, signals: 0 },
  counts: {},
  maybeTwice: 0,
  inFlight: 0,
};
/** Of a log that nobody has written to. */
export const EMPTY_STATE: OutcomeState = { spans: START, llmSpans: START, evaluations: START };

/** The log is folded into one line when it has grown so large. */
export const COMPACT_BYTES = 1024 * 1024;

/** The calls by which the log is written; injected so that tests can make them fail. */
export interface LogDisk {
  write(fd: number, bytes: Buffer, position: number): number;
  truncate(fd: number, length: number): void;
}

const nodeLogDisk: LogDisk = {
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
  truncate: ftruncateSync,
};

/** What the log of a writer's deliverer says. An absent log is the start; a torn last line is ignored. */
export function readOutcomes(file: string): OutcomeState {
  return readLog(file).state;
}

/** @returns the state, and the bytes of the lines that make it */
function readLog(file: string): { state: OutcomeState; bytes: number; ended: boolean } {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { state: EMPTY_STATE, bytes: 0, ended: true };
    throw error;
  }
  let state = EMPTY_STATE;
  let bytes = 0;
  let ended = true;
  for (let at = 0; at < content.length;) {
    const newline = content.indexOf(0x0a, at);
    const end = newline === -1 ? content.length : newline;
    const parsed = parseLine(content.toString('utf8', at, end));
    at = end + 1;
    if (parsed === undefined) continue;
    state = fold(state, parsed);
    bytes = Math.min(at, content.length);
    ended = newline !== -1;
  }
  return { state, bytes, ended };
}

/** No descriptor: what still writes gets EBADF, and reaches nobody else's file. */
const CLOSED = -1;

/**
 * The deliverer's side of the ledger for one writer: a log that the holder of the delivery claim alone writes. An intent
 * before each request and a resolution after it make what may be sent twice countable. Lines are written in place,
 * whole: a method that throws has changed nothing, and may be called again.
 */
export class OutcomeLog {
  readonly #file: string;
  readonly #disk: LogDisk;
  #fd: number;
  #bytes: number;
  /** The last line is whole but for its newline: its writer died right there. */
  #unended: boolean;
  #state: OutcomeState;
  #compactAt = COMPACT_BYTES;

  /** @throws what the file system throws */
  constructor(file: string, disk: LogDisk = nodeLogDisk) {
    this.#file = file;
    this.#disk = disk;
    const { state, bytes, ended } = readLog(file);
    this.#state = state;
    this.#bytes = bytes;
    this.#unended = !ended;
    this.#fd = openLog(file, 0);
    try {
      // A request without an answer when the last deliverer died: upstream may have it already.
      for (const kind of SIGNAL_KINDS) {
        const { inFlight } = this.#state[kind];
        if (inFlight > 0) this.maybeTwice(kind, inFlight);
      }
    } catch (error) {
      closeSync(this.#fd);
      throw error;
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

  /** Signals that will be sent again although upstream may have them; of the open intent `left` signals stay. */
  maybeTwice(kind: SignalKind, count: number, left = 0): void {
    this.#append(left === 0 ? { k: kind, d: count } : { k: kind, d: count, left });
  }

  /** Makes what was written survive power loss: before what it speaks of is removed. */
  sync(): void {
    fdatasyncSync(this.#fd);
  }

  /** Once: another file may have the number of the descriptor afterwards. */
  close(): void {
    const fd = this.#fd;
    this.#fd = CLOSED;
    if (fd !== CLOSED) closeSync(fd);
  }

  #append(line: Line): void {
    const bytes = Buffer.from(`${this.#unended ? '\n' : ''}${JSON.stringify(line)}\n`);
    let written = 0;
    try {
      while (written < bytes.length) {
        const more = this.#disk.write(this.#fd, bytes.subarray(written), this.#bytes + written);
        if (more <= 0) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
        written += more;
      }
    } catch (error) {
      this.#forget();
      throw error;
    }
    this.#unended = false;
    this.#bytes += bytes.length;
    this.#state = fold(this.#state, line);
    if (this.#bytes > this.#compactAt) this.#compact();
  }

  /** A torn line goes, or else the next one overwrites it: nothing reads past it. */
  #forget(): void {
    try {
      this.#disk.truncate(this.#fd, this.#bytes);
    } catch {
      return;
    }
  }

  /** Never throws: the line that brought it here is written, and must not be written again. */
  #compact(): void {
    const bytes = Buffer.from(`${JSON.stringify({ all: this.#state } satisfies Line)}\n`);
    const draft = `${this.#file}.tmp`;
    let fd: number | undefined;
    try {
      fd = openLog(draft, constants.O_TRUNC);
      if (this.#disk.write(fd, bytes, 0) < bytes.length) throw new Error('short write');
      fdatasyncSync(fd); // Power loss after the rename would leave an empty log, and what it speaks of is removed.
      renameSync(draft, this.#file);
    } catch {
      if (fd !== undefined) closeSync(fd);
      this.#compactAt = this.#bytes * 2; // No room: the long log says the same.
      return;
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = bytes.length;
    this.#compactAt = COMPACT_BYTES;
  }
}

function openLog(file: string, flags: number): number {
  return openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | flags, 0o600);
}

/** A state with what one line of a log says; one that is torn says nothing. */
export function foldLine(state: OutcomeState, text: string): OutcomeState {
  const line = parseLine(text);
  return line === undefined ? state : fold(state, line);
}

function fold(state: OutcomeState, line: Line): OutcomeState {
  if ('all' in line) return line.all;
  const stream = state[line.k];
  return { ...state, [line.k]: foldStream(stream, line) };
}

function foldStream(stream: StreamState, line: Exclude<Line, { all: OutcomeState }>): StreamState {
  if ('i' in line) return { ...stream, inFlight: line.i };
  if ('d' in line) return { ...stream, inFlight: line.left ?? 0, maybeTwice: stream.maybeTwice + line.d };
  return { ...stream, inFlight: 0, cursor: line.c, counts: addCounts(stream.counts, line.n) };
}

export function addCounts(a: OutcomeCounts, b: OutcomeCounts): OutcomeCounts {
  const sum: Partial<Record<OutcomeName, number>> = { ...a };
  for (const [name, n] of Object.entries(b) as [OutcomeName, number][]) sum[name] = (sum[name] ?? 0) + n;
  return sum;
}

function parseLine(line: string): Line | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined; // Torn by the end of an earlier deliverer.
  }
}
