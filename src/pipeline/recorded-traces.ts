import { readFileSync, statSync } from 'node:fs';
import type { SignalKind } from '../contracts/signal.ts';
import { RecordCipher } from '../journal/cipher.ts';
import { checkFormat, isJournal, listSegments, listWriters, segmentFile } from '../journal/directory.ts';
import { Flag } from '../journal/format.ts';
import { readRecords, type JournalRecord } from '../journal/reader.ts';
import { eachTrace, type RecordedTrace } from '../wire/datadog/each-trace.ts';
import { evaluatedSpan } from '../wire/datadog/evaluated-span.ts';
import { payloadOfJson } from '../wire/datadog/json-traces.ts';

/** Traffic that was recorded: what a policy is tried on. */
export interface Recording {
  /** Spans that evaluations are about. */
  readonly evaluated: readonly bigint[];
  traces(): Iterable<RecordedTrace>;
}

/** Recorded traffic is not there, or is not what it says it is. */
class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly code = 'KS-POLICY-009';
  readonly fix =
    'name a journal directory, or a file of trace payloads (msgpack) or of traces as JSON, one a line';
}

const READ_BYTES = 8 * 1024 * 1024;
const MSGPACK_ARRAY = (first: number): boolean => (first & 0xf0) === 0x90 || first === 0xdc || first === 0xdd;

/**
 * Opens a journal directory (what waits in it, changing nothing), a file with one v0.4 payload, or a file of JSON
 * lines.
 *
 * @param key of sealed records, 32 bytes
 * @throws RecordingError
 */
export function openRecording(path: string, key?: Uint8Array): Recording {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new RecordingError(`there is nothing at ${path}`);
  if (stat.isDirectory()) return openJournalRecording(path, key);
  const bytes = readFileSync(path);
  return { evaluated: [], traces: () => fileTraces(path, bytes) };
}

function* fileTraces(path: string, bytes: Buffer): Generator<RecordedTrace> {
  try {
    if (MSGPACK_ARRAY(bytes[0] ?? 0)) yield* eachTrace(bytes);
    else {
      for (const line of bytes.toString('utf8').split('\n'))
        if (line.trim() !== '') yield* eachTrace(payloadOfJson(line));
    }
  } catch (cause) {
    throw new RecordingError(
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function openJournalRecording(path: string, key: Uint8Array | undefined): Recording {
  if (!isJournal(path)) throw new RecordingError(`${path} is a directory, but no journal`);
  checkFormat(path);
  const cipher = key === undefined ? undefined : new RecordCipher(key);
  const payloads = (kind: SignalKind): Iterable<Buffer> => journalPayloads(path, kind, cipher);
  const evaluated = [...payloads('evaluations')].flatMap((payload) => evaluatedSpan(payload) ?? []);
  return {
    evaluated,
    *traces() {
      for (const payload of payloads('spans')) yield* eachTrace(payload);
    },
  };
}

/** Bodies of records of one kind, v0.4 where there are several protocols. Sealed ones need their key. */
function* journalPayloads(
  directory: string,
  kind: SignalKind,
  cipher: RecordCipher | undefined,
): Generator<Buffer> {
  for (const writer of listWriters(directory)) {
    for (const segment of listSegments(writer).segments.filter((one) => one.kind === kind)) {
      const file = segmentFile(writer, segment);
      for (let offset = 0; ;) {
        const read = readRecords(file, offset, READ_BYTES);
        for (const record of read.records) {
          if (kind !== 'spans' || (record.header.flags & Flag.v04) !== 0) yield payloadOf(record, cipher);
        }
        if (read.atEnd || read.nextOffset === offset) break;
        offset = read.nextOffset;
      }
    }
  }
}

function payloadOf({ header, headerBytes, body }: JournalRecord, cipher: RecordCipher | undefined): Buffer {
  const plain = (header.flags & Flag.sealed) === 0 ? body : cipher?.open(headerBytes, body);
  if (plain === undefined)
    throw new RecordingError('the journal is sealed with a key that KEEPSPAN_JOURNAL_KEY is not');
  return plain.subarray(header.preambleBytes);
}
