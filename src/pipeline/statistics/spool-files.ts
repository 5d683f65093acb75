import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordCipher } from '../../journal/cipher.ts';
import type { StatsPayload } from '../../wire/datadog/stats.ts';

/** How many spans the interval of that number has counted, 16 bytes: written with each count. */
export const HITS_FILE = 'hits';

/** What stands in a folder of statistics, apart from its owner and claims. */
export type SpoolFile =
  /** Of the interval that is open: what it had counted a moment ago. */
  | { readonly kind: 'open'; readonly interval: number; readonly name: string }
  /** Of one that is closed; `sent`: the Agent may have it. */
  | { readonly kind: 'closed'; readonly interval: number; readonly sent: boolean; readonly name: string };

export const openName = (interval: number): string => `open-${interval}`;
export const closedName = (interval: number, sent = false): string =>
  `closed-${interval}${sent ? '.sent' : ''}`;

/** Files of one folder, oldest interval first. @throws what the file system throws */
export function listSpoolFiles(folder: string): SpoolFile[] {
  return readdirSync(folder)
    .flatMap((name): SpoolFile[] => {
      const [, kind, interval, sent] = /^(open|closed)-(\d{1,15})(\.sent)?$/.exec(name) ?? [];
      if (kind === undefined) return [];
      const of = { interval: Number(interval), name };
      return [kind === 'open' ? { kind, ...of } : { kind: 'closed', sent: sent !== undefined, ...of }];
    })
    .toSorted((a, b) => a.interval - b.interval);
}

interface Content {
  readonly payloads: readonly {
    readonly headers: StatsPayload['headers'];
    readonly hits: number;
    /** Base64. */
    readonly body: string;
  }[];
}

/** Spans stand in front, readable without a key; names of services and resources are content. */
type Entry = { readonly hits: number } & (Content | { readonly sealed: string });

/** Writes payloads whole. @throws what the file system throws */
export function writePayloads(
  file: string,
  payloads: readonly StatsPayload[],
  cipher: RecordCipher | undefined,
): void {
  const content: Content = {
    payloads: payloads.map(({ headers, hits, body }) => ({ headers, hits, body: body.toString('base64') })),
  };
  const kept =
    cipher === undefined ? content : { sealed: cipher.sealText(JSON.stringify(content)).toString('base64') };
  const draft = `${file}.tmp`;
  writeFileSync(draft, JSON.stringify({ hits: hitsOf(payloads), ...kept } satisfies Entry), { mode: 0o600 });
  renameSync(draft, file);
}

/** A file of statistics is sealed with a key that is not ours. */
export class SealedStatisticsError extends Error {
  override readonly name = 'SealedStatisticsError';
}

/**
 * Reads payloads back; none of a file that power loss tore.
 *
 * @throws SealedStatisticsError; what the file system throws
 */
export function readPayloads(file: string, cipher: RecordCipher | undefined): readonly StatsPayload[] {
  const entry = parse(readFileSync(file, 'utf8'));
  if (entry === undefined) return [];
  const text = 'sealed' in entry ? cipher?.openText(Buffer.from(entry.sealed, 'base64')) : undefined;
  if ('sealed' in entry && text === undefined) throw new SealedStatisticsError(file);
  const { payloads } = text === undefined ? (entry as Content) : (JSON.parse(text) as Content);
  return payloads.map(({ headers, hits, body }) => ({ headers, hits, body: Buffer.from(body, 'base64') }));
}

/** The spans that a folder has statistics of, read without a key. */
export function spansIn(folder: string): number {
  const files = listSpoolFiles(folder);
  const inFiles = files.reduce(
    (sum, { name }) => sum + (parse(readFileSync(join(folder, name), 'utf8'))?.hits ?? 0),
    0,
  );
  const open = readHits(folder);
  const written = files.find(({ interval }) => interval === open.interval);
  const known =
    written === undefined ? 0 : (parse(readFileSync(join(folder, written.name), 'utf8'))?.hits ?? 0);
  return inFiles + Math.max(0, open.hits - known);
}

/** What the last count said. */
export function readHits(folder: string): { readonly interval: number; readonly hits: number } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(folder, HITS_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { interval: 0, hits: 0 };
  }
  if (bytes.length < 16) return { interval: 0, hits: 0 };
  return { interval: Number(bytes.readBigUInt64LE(0)), hits: Number(bytes.readBigUInt64LE(8)) };
}

export function hitsOf(payloads: readonly StatsPayload[]): number {
  return payloads.reduce((sum, { hits }) => sum + hits, 0);
}

function parse(text: string): Entry | undefined {
  try {
    const value = JSON.parse(text) as Partial<Entry> | null;
    return typeof value?.hits === 'number' && ('payloads' in value || 'sealed' in value)
      ? (value as Entry)
      : undefined;
  } catch {
    return undefined;
  }
}
