import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SignalKind } from '../../contracts/signal.ts';
import { RecordCipher } from '../../journal/cipher.ts';
import { claimDelivery, ownerState, releaseDelivery } from '../../journal/claim.ts';
import { codeOf, listWriters, Names, segmentFile } from '../../journal/directory.ts';
import { OutcomeLog, type Cursor } from '../../journal/outcomes.ts';
import { readSeal } from '../../journal/seal.ts';
import { sealWriter } from '../../journal/sealing.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import { endWriter } from '../end-writer.ts';
import { JournalSource } from '../journal-source.ts';
import { spansIn } from '../statistics/spool-files.ts';
import { listStatistics } from '../statistics/spool.ts';
import { claimQueue, countQueue, purgeQueue, releaseQueue } from '../recall/purge-queue.ts';
import { pendingRecords } from './pending.ts';

export interface PurgeSelection {
  readonly kinds: readonly SignalKind[];
  /** Records journaled before this wall-clock ms. */
  readonly beforeMs: number;
}

export interface Purged {
  readonly signals: Readonly<Record<SignalKind, number>>;
  readonly records: number;
  /** Recall evaluations without a verdict, of the queue below the journal; they go with the evaluations. */
  readonly recall: number;
  /** Spans whose hit statistics nobody has sent yet: they go when everything goes. */
  readonly statistics: number;
}

/** Writers that still write, or that somebody delivers: what they hold is not ours to remove. */
class JournalInUseError extends Error {
  override readonly name = 'JournalInUseError';
  readonly code = 'KS-PURGE-001';
  readonly fix = 'stop the processes that are named, then purge again';
}

/** What a purge would remove. Changes nothing. */
export function countPurge(directories: readonly string[], { kinds, beforeMs }: PurgeSelection): Purged {
  const total = noneYet();
  for (const directory of directories) {
    for (const found of pendingRecords(directory, kinds)) {
      if (found.timeMs >= beforeMs) continue;
      total.records += 1;
      total.signals[found.kind] += found.signals;
    }
    if (kinds.includes('evaluations')) total.recall += countQueue(directory, beforeMs);
    if (isEverything({ kinds, beforeMs }))
      total.statistics += listStatistics(directory).reduce((sum, folder) => sum + spansIn(folder), 0);
  }
  return total;
}

/**
 * Removes pending records for good, their bytes included, and counts them as `dropped.purged`. All writers of all the
 * journals are claimed first: either nobody else has any of them, or nothing is removed.
 *
 * @throws JournalInUseError naming who has them
 */
export function purge(directories: readonly string[], selection: PurgeSelection): Purged {
  const instance = randomUUID();
  const claims = directories.map((directory) => new Claims(directory));
  try {
    for (const claim of claims) claim.take(instance, selection);
    const inUse = claims.flatMap((claim) => claim.inUse);
    if (inUse.length > 0) throw new JournalInUseError(`in use: ${inUse.map(describe).join(', ')}`);
    const total = noneYet();
    for (const { directory, writers, queue, statistics } of claims) {
      for (const folder of statistics) {
        total.statistics += spansIn(folder);
        rmSync(folder, { recursive: true, force: true });
      }
      for (const path of writers) purgeWriter(path, selection, instance, total);
      if (selection.kinds.includes('evaluations'))
        total.recall += purgeQueue(directory, queue, selection.beforeMs);
    }
    return total;
  } finally {
    for (const claim of claims) claim.release(instance);
  }
}

/** What of one journal is ours while we remove. */
class Claims {
  readonly directory: string;
  readonly writers: string[] = [];
  readonly queue: string[] = [];
  readonly statistics: string[] = [];
  /** What somebody else has. */
  readonly inUse: string[] = [];

  constructor(directory: string) {
    this.directory = directory;
  }

  take(instance: string, selection: PurgeSelection): void {
    const wantsQueue = selection.kinds.includes('evaluations');
    const queue = wantsQueue ? claimQueue(this.directory, instance) : { claimed: [], inUse: [] };
    this.queue.push(...queue.claimed);
    for (const path of listWriters(this.directory)) {
      const state = ownerState(path);
      const isOurs = isGone(path) && claimDelivery(path, instance);
      if (isOurs) this.writers.push(path);
      // One whose lease ran out may only stand still: sealed, it goes on elsewhere.
      const mayGoOn =
        state === 'expired' && !(isOurs && sealWriter(path, () => ownerState(path) === 'expired'));
      if (!isOurs || mayGoOn) this.inUse.push(path);
    }
    this.inUse.push(...queue.inUse);
    if (!isEverything(selection)) return;
    for (const folder of listStatistics(this.directory))
      (isGone(folder) && claimDelivery(folder, instance) ? this.statistics : this.inUse).push(folder);
  }

  release(instance: string): void {
    releaseQueue(this.queue, instance);
    for (const path of [...this.writers, ...this.statistics]) releaseDelivery(path, instance);
  }
}

interface Total {
  readonly signals: Record<SignalKind, number>;
  records: number;
  recall: number;
  statistics: number;
}

const noneYet = (): Total => ({
  signals: { spans: 0, llmSpans: 0, evaluations: 0 },
  records: 0,
  recall: 0,
  statistics: 0,
});

function isEverything({ kinds, beforeMs }: PurgeSelection): boolean {
  return beforeMs === Number.POSITIVE_INFINITY && SIGNAL_KINDS.every((kind) => kinds.includes(kind));
}

function isGone(path: string): boolean {
  return ['dead', 'expired'].includes(ownerState(path));
}

const READ_BYTES = 8 * 1024 * 1024;
const MAX_RECORDS = 1000;

function purgeWriter(
  path: string,
  { kinds, beforeMs }: PurgeSelection,
  instance: string,
  total: Total,
): void {
  const log = new OutcomeLog(join(path, Names.outcomes));
  const seal = readSeal(path);
  const sources = SIGNAL_KINDS.map(
    (kind) =>
      new JournalSource({
        writerPath: path,
        kind,
        log,
        cipher: UNOPENED,
        ended: () => true,
        limit: () => seal?.ends[kind],
        fence: () => undefined,
        rings: () => 0,
        onOutcome: () => undefined,
        onMaybeTwice: () => undefined,
      }),
  );
  try {
    for (const source of sources) {
      if (!kinds.includes(source.kind)) continue;
      purgeStream(source, beforeMs, total);
      wipe(path, source.kind, log.state[source.kind].cursor);
    }
    if (!sources.every((source) => source.drained())) return;
  } finally {
    log.sync();
    log.close();
  }
  endWriter(path, instance, Date.now());
}

/** A stream is in the order of time: what is old enough stands in front. */
function purgeStream(source: JournalSource, beforeMs: number, total: Total): void {
  for (;;) {
    const records = source.peek(READ_BYTES, MAX_RECORDS);
    const kept = records.findIndex(({ timeMs }) => timeMs >= beforeMs);
    const old = kept === -1 ? records : records.slice(0, kept);
    if (old.length === 0) return;
    const signals = old.reduce((sum, { count }) => sum + count, 0);
    source.resolve(old.length, { 'dropped.purged': signals });
    total.signals[source.kind] += signals;
    total.records += old.length;
  }
}

/** Finished segments are removed; of the one that is read on, what is resolved becomes zeros: nobody reads it again. */
function wipe(path: string, kind: SignalKind, { segment, offset }: Cursor): void {
  if (offset === 0) return;
  let fd: number;
  try {
    fd = openSync(segmentFile(path, { kind, number: segment }), constants.O_WRONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return; // It was finished, and is gone.
    throw error;
  }
  try {
    const zeros = Buffer.alloc(Math.min(offset, 1024 * 1024));
    for (let at = 0; at < offset; at += zeros.length)
      writeSync(fd, zeros, 0, Math.min(zeros.length, offset - at), at);
  } finally {
    closeSync(fd);
  }
}

/** What is thrown away need not be opened: no key is needed to purge. */
class UnopenedCipher extends RecordCipher {
  override open(_headerBytes: Buffer, body: Buffer): Buffer {
    return body;
  }
}

const UNOPENED = new UnopenedCipher(Buffer.alloc(32));

function describe(path: string): string {
  try {
    const { pid } = JSON.parse(readFileSync(join(path, Names.owner), 'utf8')) as { readonly pid?: number };
    return `${basename(path)} (written by process ${pid ?? '?'}${ownerState(path) === 'dead' ? ', being delivered' : ''})`;
  } catch {
    return basename(path); // Removed meanwhile.
  }
}
