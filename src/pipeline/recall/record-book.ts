import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { RecallRecord } from '../../contracts/recall.ts';
import { codeOf } from '../../journal/directory.ts';
import { releaseClaim, takeClaim } from '../../journal/numbered-claim.ts';

/** A record as it is kept and exported: scores and names, no content. */
export interface KeptRecord extends RecallRecord {
  /** The job's key, `keepspan.recall_id` of its evaluation. */
  readonly id: string;
  /** Wall-clock milliseconds of the decision. */
  readonly timeMs: number;
}

/** The file that is written, and the one before it. */
export const RECORD_FILES = ['records.jsonl', 'records.old.jsonl'] as const;

/** At about 150 bytes a line, the last fifty to a hundred thousand requests. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * What was decided about each request of a journal, for `keepspan calibrate`: lines that everybody who shares the queue
 * adds to, in two files of bounded size. Statistics: what the disk refuses is said and left out.
 */
export class RecordFiles {
  readonly #directory: string;
  readonly #onError: (error: unknown) => void;
  readonly #maxBytes: number;
  readonly #instance = randomUUID();

  constructor(directory: string, onError: (error: unknown) => void, maxBytes = MAX_BYTES) {
    this.#directory = directory;
    this.#onError = onError;
    this.#maxBytes = maxBytes;
  }

  /** One write for all. Never throws. */
  add(records: readonly KeptRecord[]): void {
    if (records.length === 0) return;
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
      const fd = openSync(this.#file(0), flags, 0o600);
      let size: number;
      try {
        const lines = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
        if (writeSync(fd, lines) < lines.length)
          throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
        size = fstatSync(fd).size;
      } finally {
        closeSync(fd);
      }
      if (size >= this.#maxBytes) this.#turn();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** One at a time: whoever comes second finds a file that is small again. */
  #turn(): void {
    const slot = { folder: this.#directory, name: 'recorder' };
    if (!takeClaim(slot, this.#instance)) return;
    try {
      const fd = openSync(this.#file(0), constants.O_RDONLY | constants.O_NOFOLLOW);
      const { size } = fstatSync(fd);
      closeSync(fd);
      if (size >= this.#maxBytes) renameSync(this.#file(0), this.#file(1));
    } finally {
      releaseClaim(slot, this.#instance);
    }
  }

  #file(which: 0 | 1): string {
    return join(this.#directory, RECORD_FILES[which]);
  }
}

/**
 * The records of a queue, oldest first, one a request: of one that was decided and audited or judged later, the last.
 *
 * @param sinceMs wall clock
 * @throws what the file system throws
 */
export function readRecordFiles(directory: string, sinceMs = 0): KeptRecord[] {
  const records = new Map<string, KeptRecord>();
  for (const name of [...RECORD_FILES].reverse()) {
    for (const line of readLines(join(directory, name))) {
      const record = parse(line);
      if (record === undefined || record.timeMs < sinceMs) continue;
      records.delete(record.id);
      records.set(record.id, record);
    }
  }
  return [...records.values()];
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function parse(line: string): KeptRecord | undefined {
  if (line === '') return undefined;
  try {
    const record = JSON.parse(line) as Partial<KeptRecord>;
    return typeof record.id === 'string' && typeof record.timeMs === 'number'
      ? (record as KeptRecord)
      : undefined;
  } catch {
    return undefined; // Torn by a full disk.
  }
}
