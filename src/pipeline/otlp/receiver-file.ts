import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OtlpTarget } from '../../wire/otlp/encode.ts';
import { RECEIVER_FILE } from '../journals.ts';

/** What the journal of a receiver says of it: enough to deliver, and nothing secret (law L13). */
export interface WrittenReceiver {
  /** Without user, password and query. */
  readonly tracesUrl: string;
  readonly logsUrl: string;
  readonly compression: OtlpTarget['compression'];
  /** Names of the headers that requests need, in lower case; never their values. */
  readonly headers: readonly string[];
  /** The addresses held what may be credentials, and are not enough without. */
  readonly credentials: boolean;
}

/** Writes down which receiver a journal is for. @throws what the file system throws */
export function writeReceiver(directory: string, target: OtlpTarget): void {
  const text = `${JSON.stringify(toWrite(target))}\n`;
  const file = join(directory, RECEIVER_FILE);
  if (readText(file) === text) return;
  // Whole, whoever else of this service writes the same now.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

/** Undefined where nobody wrote it down, or not whole. */
export function readReceiver(directory: string): WrittenReceiver | undefined {
  const text = readText(join(directory, RECEIVER_FILE));
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<WrittenReceiver> | null;
    return isWritten(value) ? value : undefined;
  } catch {
    return undefined; // Power loss took it; the next start of its process writes it again.
  }
}

function toWrite({ tracesUrl, logsUrl, headers, compression }: OtlpTarget): WrittenReceiver {
  const traces = withoutCredentials(tracesUrl);
  const logs = withoutCredentials(logsUrl);
  return {
    tracesUrl: traces.shown,
    logsUrl: logs.shown,
    compression,
    headers: Object.keys(headers)
      .map((name) => name.toLowerCase())
      .toSorted(),
    credentials: traces.held || logs.held,
  };
}

function withoutCredentials(address: string): { readonly shown: string; readonly held: boolean } {
  const url = new URL(address);
  const held = url.username !== '' || url.password !== '' || url.search !== '';
  url.username = '';
  url.password = '';
  url.search = '';
  return { shown: url.href, held };
}

function isWritten(value: Partial<WrittenReceiver> | null): value is WrittenReceiver {
  return (
    typeof value?.tracesUrl === 'string' &&
    typeof value.logsUrl === 'string' &&
    URL.canParse(value.tracesUrl) &&
    URL.canParse(value.logsUrl) &&
    Array.isArray(value.headers) &&
    typeof value.credentials === 'boolean'
  );
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
