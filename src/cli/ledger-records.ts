import type { SignalKind } from '../contracts/signal.ts';
import { RecordCipher } from '../journal/cipher.ts';
import { viewRecord } from '../pipeline/inspect/ids.ts';
import { pendingRecords } from '../pipeline/inspect/pending.ts';
import { quarantineFiles, readQuarantine, writerOf } from '../pipeline/inspect/quarantine.ts';
import { readingKey } from '../pipeline/open-journal.ts';
import type { Settings } from '../settings/table.ts';

export interface RecordsRequest {
  readonly directory: string;
  readonly settings: Settings;
  readonly kinds: readonly SignalKind[];
  readonly limit: number;
  /** Prompts and completions are people's: they are shown only to who asks. */
  readonly content: boolean;
}

/** One record as it is shown. */
export interface ShownRecord {
  readonly writer: string;
  readonly kind: SignalKind;
  readonly time: string;
  readonly signals: number;
  readonly bytes: number;
  /** Sealed with a key that is not ours: only its header can be read. */
  readonly sealed: boolean;
  readonly ids: readonly string[];
  /** Of a refused record: upstream's status (0: it could not be sent) and words. */
  readonly status?: number;
  readonly answer?: string;
  readonly content?: readonly unknown[];
}

export interface ShownRecords {
  readonly records: readonly ShownRecord[];
  /** There are more than were asked for. */
  readonly more: boolean;
}

/** What waits in the journal. */
export function showPending(request: RecordsRequest): ShownRecords {
  const { directory, settings, kinds, limit, content } = request;
  const records: ShownRecord[] = [];
  for (const { writer, kind, timeMs, signals, bytes, record } of pendingRecords(
    directory,
    kinds,
    cipherOf(settings),
  )) {
    if (records.length === limit) return { records, more: true };
    const view = record && viewRecord(record);
    records.push({
      writer,
      kind,
      time: new Date(timeMs).toISOString(),
      signals,
      bytes,
      sealed: record === undefined,
      ids: view?.ids ?? [],
      ...(content && view !== undefined ? { content: view.content } : {}),
    });
  }
  return { records, more: false };
}

/** What upstream refused. Its words may repeat what it refused, so they are content, too. */
export function showQuarantine({ directory, settings, kinds, limit, content }: RecordsRequest): ShownRecords {
  const cipher = cipherOf(settings);
  const records: ShownRecord[] = [];
  for (const file of quarantineFiles(directory)) {
    for (const { kind, timeMs, signals, status, opened } of readQuarantine(file, cipher)) {
      if (!kinds.includes(kind)) continue;
      if (records.length === limit) return { records, more: true };
      const view = opened && viewRecord(opened.record);
      records.push({
        writer: writerOf(file),
        kind,
        time: new Date(timeMs).toISOString(),
        signals,
        bytes: opened?.record.payload.length ?? 0,
        sealed: opened === undefined,
        ids: view?.ids ?? [],
        status,
        ...(content && opened !== undefined ? { answer: opened.answer, content: view?.content ?? [] } : {}),
      });
    }
  }
  return { records, more: false };
}

/** One line a record, its content below it. */
export function recordsText({ records, more }: ShownRecords, journal: string): string {
  const lines = records.flatMap(({ time, kind, signals, bytes, sealed, ids, status, answer, content }) => [
    [
      time,
      kind.padEnd(11),
      `${signals} signals`,
      `${bytes} bytes`,
      ...(status === undefined ? [] : [status === 0 ? 'could not be sent' : `HTTP ${status}`]),
      sealed ? 'sealed with another key' : ids.slice(0, 3).join(' ') + (signals > 3 ? ' …' : ''),
    ].join('  '),
    ...(answer === undefined ? [] : [`    ${answer}`]),
    ...(content ?? []).map((value) => `    ${JSON.stringify(value)}`),
  ]);
  const none = records.length === 0 ? ['no records'] : [];
  return [`journal ${journal}`, ...none, ...lines, ...(more ? ['there are more: --limit'] : []), ''].join(
    '\n',
  );
}

function cipherOf(settings: Settings): RecordCipher | undefined {
  const key = readingKey(settings);
  return key === undefined ? undefined : new RecordCipher(key);
}
