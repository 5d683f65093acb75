import type { SignalKind } from '../contracts/signal.ts';
import { RecordCipher } from '../journal/cipher.ts';
import { viewRecord } from '../pipeline/inspect/ids.ts';
import type { FoundJournal } from '../pipeline/journals.ts';
import { pendingRecords } from '../pipeline/inspect/pending.ts';
import { quarantineFiles, readQuarantine, writerOf } from '../pipeline/inspect/quarantine.ts';
import { readingKey } from '../pipeline/open-journal.ts';
import type { Settings } from '../settings/table.ts';

export interface RecordsRequest {
  readonly journals: readonly FoundJournal[];
  readonly settings: Settings;
  readonly kinds: readonly SignalKind[];
  readonly limit: number;
  /** Prompts and completions are people's: they are shown only to who asks. */
  readonly content: boolean;
}

/** One record as it is shown. */
export interface ShownRecord {
  /** The OTLP receiver that it is for; absent for Datadog. */
  readonly receiver?: string;
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
  const { journals, settings, kinds, limit, content } = request;
  const cipher = cipherOf(settings);
  const records: ShownRecord[] = [];
  for (const { directory, receiver } of journals) {
    for (const { writer, kind, timeMs, signals, bytes, record } of pendingRecords(directory, kinds, cipher)) {
      if (records.length === limit) return { records, more: true };
      const view = record && viewRecord(record, receiver === undefined ? 'datadog' : 'otlp');
      records.push({
        ...(receiver === undefined ? {} : { receiver }),
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
  }
  return { records, more: false };
}

/** What upstream refused. Its words may repeat what it refused, so they are content, too. */
export function showQuarantine({ journals, settings, kinds, limit, content }: RecordsRequest): ShownRecords {
  const cipher = cipherOf(settings);
  const records: ShownRecord[] = [];
  const files = journals.flatMap(({ directory, receiver }) =>
    quarantineFiles(directory).map((file) => ({ file, receiver })),
  );
  for (const { file, receiver } of files) {
    for (const { kind, timeMs, signals, status, opened } of readQuarantine(file, cipher)) {
      if (!kinds.includes(kind)) continue;
      if (records.length === limit) return { records, more: true };
      const view = opened && viewRecord(opened.record, receiver === undefined ? 'datadog' : 'otlp');
      records.push({
        ...(receiver === undefined ? {} : { receiver }),
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
  const several = records.some(({ receiver }) => receiver !== undefined);
  const lines = records.flatMap((record) => [
    [
      record.time,
      ...(several ? [record.receiver ?? 'datadog'] : []),
      record.kind.padEnd(11),
      `${record.signals} ${record.signals === 1 ? 'signal' : 'signals'}`,
      `${record.bytes} bytes`,
      ...(record.status === undefined
        ? []
        : [record.status === 0 ? 'could not be sent' : `HTTP ${record.status}`]),
      record.sealed
        ? 'sealed with another key'
        : record.ids.slice(0, 3).join(' ') + (record.signals > 3 ? ' …' : ''),
    ].join('  '),
    ...(record.answer === undefined ? [] : [`    ${record.answer}`]),
    ...(record.content ?? []).map((value) => `    ${JSON.stringify(value)}`),
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
