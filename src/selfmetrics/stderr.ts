import { writeSync } from 'node:fs';

/** How often a pipe that is full is tried again, 1 ms apart: nobody may be reading it. */
const MAX_ATTEMPTS = 20;
const STDERR = 2;

type WriteSync = (fd: number, bytes: Uint8Array, offset: number) => number;

let unwritten = 0;

/** Lines of ours that stderr did not take (closed, or a full pipe that nobody reads). */
export function unwrittenLines(): number {
  return unwritten;
}

/**
 * Writes one line to stderr and returns when the system has it, so that the line of a process that exits next is not
 * lost. Never throws and blocks for at most 20 ms.
 */
export function writeLineSync(line: string, write: WriteSync = writeSync): void {
  const bytes = Buffer.from(`${line}\n`, 'utf8');
  let offset = 0;
  for (let attempt = 0; attempt < MAX_ATTEMPTS && offset < bytes.length;) {
    try {
      offset += write(STDERR, bytes, offset);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) break;
      attempt += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
  // There is nowhere left to say it: the count is what remains.
  if (offset < bytes.length) unwritten += 1;
}

/** JSON for a log: a value that JSON has no form for becomes its text, never an exception. */
export function toJsonLine(record: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(record, readable);
  } catch {
    // A circle or a toJSON that throws, in one of the fields: keep the others.
    const fields = Object.entries(record).map(([key, value]) => [key, safeField(value)] as const);
    return JSON.stringify(Object.fromEntries(fields));
  }
}

function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return value.message;
  return value;
}

function safeField(value: unknown): unknown {
  try {
    const text = JSON.stringify(value, readable);
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return '[unserializable]';
  }
}

/** Takes a record instead of stderr; false when it did not. */
export type RecordSink = (record: Readonly<Record<string, unknown>>) => boolean;

const SINK = Symbol.for('keepspan.records.1');
type Holder = { [SINK]?: RecordSink | undefined };

/**
 * Sends records and warnings through the application's logger from now on, for every copy of this package in the
 * thread: the preload's and the application's may be two.
 *
 * @returns what puts them back on stderr
 */
export function setRecordSink(sink: RecordSink): () => void {
  (globalThis as Holder)[SINK] = sink;
  return () => {
    if ((globalThis as Holder)[SINK] === sink) delete (globalThis as Holder)[SINK];
  };
}

/** Writes a record where records go: the application's logger where there is one, else stderr. Never throws. */
export function writeOwnRecord(record: Readonly<Record<string, unknown>>): void {
  try {
    if ((globalThis as Holder)[SINK]?.(record) === true) return;
  } catch {
    // The logger's destination is gone; stderr is what remains.
  }
  writeLineSync(toJsonLine(record));
}
