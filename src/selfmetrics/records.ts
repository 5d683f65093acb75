import { toJsonLine, writeOwnRecord } from './stderr.ts';

/** The log records of the public contract. */
export type RecordName =
  | 'observability_initialized'
  | 'observability_disabled'
  | 'observability_flush_failed'
  | 'observability_alert'
  | 'observability_shutdown';

const LEVELS: Readonly<Record<RecordName, 'info' | 'warn'>> = {
  observability_initialized: 'info',
  observability_disabled: 'info',
  observability_flush_failed: 'warn',
  observability_alert: 'warn',
  observability_shutdown: 'info',
};

const written = new Map<RecordName, number>();

/** How often a record was written in this process. */
export function recordCount(name: RecordName): number {
  return written.get(name) ?? 0;
}

/**
 * Writes a record as exactly one JSON line, synchronously: `{"level","time","msg",…fields}` with the time in ISO 8601,
 * on stderr, or on stdout where the application uses keepspan/logging. Fields cannot replace those three. Never throws.
 */
export function writeRecord(
  name: RecordName,
  fields: Readonly<Record<string, unknown>> = {},
  write?: (line: string) => void,
): void {
  written.set(name, recordCount(name) + 1);
  const head = { level: LEVELS[name], time: new Date().toISOString(), msg: name };
  const record = Object.assign({}, head, fields, head);
  if (write === undefined) writeOwnRecord(record);
  else write(toJsonLine(record));
}
