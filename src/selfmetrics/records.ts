import { toJsonLine, writeOwnRecord } from './stderr.ts';

/** The log records of the public contract. */
export type RecordName =
  | 'observability_initialized'
  | 'observability_disabled'
  | 'observability_flush_failed'
  | 'observability_shutdown';

const LEVELS: Readonly<Record<RecordName, 'info' | 'warn'>> = {
  observability_initialized: 'info',
  observability_disabled: 'info',
  observability_flush_failed: 'warn',
  observability_shutdown: 'info',
};

/**
 * Writes a record as exactly one JSON line, synchronously: `{"level","time","msg",…fields}` with the time in ISO 8601,
 * on stderr, or on stdout where the application uses keepspan/logging. Fields cannot replace those three. Never throws.
 */
export function writeRecord(
  name: RecordName,
  fields: Readonly<Record<string, unknown>> = {},
  write?: (line: string) => void,
): void {
  const head = { level: LEVELS[name], time: new Date().toISOString(), msg: name };
  const record = Object.assign({}, head, fields, head);
  if (write === undefined) writeOwnRecord(record);
  else write(toJsonLine(record));
}
