import { basename, join } from 'node:path';
import type { PendingRecord } from '../../contracts/delivery.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { RecordCipher } from '../../journal/cipher.ts';
import { codeOf, listSegments, listWriters, Names, segmentFile } from '../../journal/directory.ts';
import { Flag } from '../../journal/format.ts';
import { readOutcomes } from '../../journal/outcomes.ts';
import { readRecords, type JournalRecord } from '../../journal/reader.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';

/** A record that waits in a journal. */
export interface FoundRecord {
  /** Folder of its writer. */
  readonly writer: string;
  readonly kind: SignalKind;
  /** Wall-clock ms when it was journaled. */
  readonly timeMs: number;
  readonly signals: number;
  readonly bytes: number;
  /** Undefined when it is sealed with a key that is not ours. */
  readonly record: PendingRecord | undefined;
}

const READ_BYTES = 4 * 1024 * 1024;

/**
 * The records that wait in a journal, oldest first within a writer and kind. Changes nothing; what is delivered
 * meanwhile may still be seen.
 *
 * @throws what the file system throws
 */
export function* pendingRecords(
  directory: string,
  kinds: readonly SignalKind[] = SIGNAL_KINDS,
  cipher?: RecordCipher,
): Generator<FoundRecord> {
  for (const path of listWriters(directory)) {
    for (const kind of kinds) yield* ofStream(path, kind, cipher);
  }
}

function* ofStream(path: string, kind: SignalKind, cipher: RecordCipher | undefined): Generator<FoundRecord> {
  const { cursor } = readOutcomes(join(path, Names.outcomes))[kind];
  for (const { number } of segmentsFrom(path, kind, cursor.segment)) {
    let offset = number === cursor.segment ? cursor.offset : 0;
    for (;;) {
      const read = readUnlessGone(segmentFile(path, { kind, number }), offset);
      if (read === undefined) break;
      for (const record of read.records) yield found(basename(path), record, cipher);
      offset = read.nextOffset;
      if (read.atEnd) break;
    }
  }
}

/** Segments that were not given up: a marker hides its segment. */
function segmentsFrom(path: string, kind: SignalKind, first: number) {
  try {
    const { segments, evicted } = listSegments(path);
    const gone = new Set(evicted.filter((s) => s.kind === kind).map((s) => s.number));
    return segments.filter((s) => s.kind === kind && s.number >= first && !gone.has(s.number));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []; // Delivered and removed since we listed it.
    throw error;
  }
}

function readUnlessGone(file: string, offset: number) {
  try {
    return readRecords(file, offset, READ_BYTES);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined; // Delivered or given up meanwhile.
    throw error;
  }
}

function found(
  writer: string,
  { header, headerBytes, body }: JournalRecord,
  cipher: RecordCipher | undefined,
): FoundRecord {
  const { kind, flags, count, timeMs, preambleBytes } = header;
  const plain = (flags & Flag.sealed) === 0 ? body : cipher?.open(headerBytes, body);
  const record = plain && {
    kind,
    flags: flags & ~Flag.sealed,
    count,
    timeMs,
    preamble: plain.toString('utf8', 0, preambleBytes),
    payload: plain.subarray(preambleBytes),
  };
  return { writer, kind, timeMs, signals: count, bytes: body.length, record };
}
