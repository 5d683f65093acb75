import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PendingRecord } from '../../contracts/delivery.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { RecordCipher } from '../../journal/cipher.ts';
import { codeOf, Names } from '../../journal/directory.ts';

/** A record that upstream refused for good, with its answer. */
export interface QuarantinedRecord {
  /** The line as it stands in the file. */
  readonly line: string;
  readonly kind: SignalKind;
  readonly timeMs: number;
  readonly signals: number;
  /** HTTP status; 0: it could not be sent at all. */
  readonly status: number;
  /** Upstream's own words, and the record; undefined when they are sealed with a key that is not ours. */
  readonly opened: { readonly answer: string; readonly record: PendingRecord } | undefined;
}

interface Content {
  readonly answer: string;
  readonly preamble: string;
  readonly payload: string;
}

type Entry = {
  readonly kind: SignalKind;
  readonly flags: number;
  readonly count: number;
  readonly timeMs: number;
  readonly status: number;
} & (Content | { readonly sealed: string });

/** A refused record as a line of the quarantine. What is kept lies as safe as in the journal: sealed when there is a key. */
export function quarantineLine(
  record: PendingRecord,
  status: number,
  answer: string,
  cipher: RecordCipher | undefined,
): string {
  const { kind, flags, count, timeMs, preamble, payload } = record;
  const content: Content = { answer, preamble, payload: payload.toString('base64') };
  const kept =
    cipher === undefined ? content : { sealed: cipher.sealText(JSON.stringify(content)).toString('base64') };
  return JSON.stringify({ kind, flags, count, timeMs, status, ...kept });
}

/** The files of a journal's quarantine, one for each writer that ever had a record refused. */
export function quarantineFiles(directory: string): string[] {
  try {
    return readdirSync(join(directory, Names.quarantine))
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => join(directory, Names.quarantine, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Name of the writer whose refused records a file holds. */
export function writerOf(file: string): string {
  return basename(file, '.jsonl');
}

/** Records of one file in the order of their refusal; a torn line is none. */
export function readQuarantine(file: string, cipher?: RecordCipher): QuarantinedRecord[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => parse(line, cipher) ?? []);
}

/** Puts the lines that are left in the place of those that were, whole by rename; without any the file goes. */
export function replaceQuarantine(file: string, lines: readonly string[]): void {
  if (lines.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  writeFileSync(`${file}.tmp`, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** Removes the quarantine's files of journals. @returns how many records and bytes they held */
export function removeQuarantine(
  directories: readonly string[],
  apply: boolean,
): { records: number; bytes: number } {
  let records = 0;
  let bytes = 0;
  for (const file of directories.flatMap(quarantineFiles)) {
    records += readQuarantine(file).length;
    bytes += statSync(file).size;
    if (apply) rmSync(file, { force: true });
  }
  return { records, bytes };
}

function parse(line: string, cipher: RecordCipher | undefined): QuarantinedRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  let entry: Entry;
  try {
    entry = JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
  const { kind, flags, count, timeMs, status } = entry;
  const content = 'sealed' in entry ? openSealed(entry.sealed, cipher) : entry;
  const opened = content && {
    answer: content.answer,
    record: {
      kind,
      flags,
      count,
      timeMs,
      preamble: content.preamble,
      payload: Buffer.from(content.payload, 'base64'),
    },
  };
  return { line, kind, timeMs, signals: count, status, opened };
}

function openSealed(sealed: string, cipher: RecordCipher | undefined): Content | undefined {
  const text = cipher?.openText(Buffer.from(sealed, 'base64'));
  return text === undefined ? undefined : (JSON.parse(text) as Content);
}
