import { basename } from 'node:path';
import { MAX_JOB_BYTES, packJob, type PackedJob } from '../../evaluation/recall/job.ts';
import { codeOf, openDirectory } from '../../journal/directory.ts';
import { directoryBytes } from '../../journal/eviction.ts';
import { HEADER_BYTES } from '../../journal/format.ts';
import { SEAL_BYTES } from '../../journal/cipher.ts';
import { JournalWriter } from '../../journal/writer.ts';

export interface QueueOptions {
  /** The `recall` folder of a journal. */
  readonly directory: string;
  /** What evaluations of it are journaled as, where it is not Datadog's form. */
  readonly form?: 'otlp' | undefined;
  readonly key: Uint8Array | undefined;
  readonly sync: boolean;
  /** Bound on all segments of the queue, bytes. */
  readonly maxBytes: number;
  /** Bound on the jobs of this process that have no verdict. */
  readonly maxJobs: number;
}

/** Where a job went. `full`: the queue is at its bound. `failed`: the disk refused. */
export type Appended =
  | { readonly ok: true; readonly key: string }
  | { readonly ok: false; readonly why: 'full' | 'failed'; readonly error?: string };

/**
 * The writing end of the queue: one append a job, so that it survives the process when the call returns. The bounds are
 * kept here; nothing is ever given up for a new job, which is refused instead.
 */
export class RecallQueue {
  readonly id: string;
  readonly path: string;
  readonly #writer: JournalWriter;
  readonly #maxBytes: number;
  readonly #maxJobs: number;
  readonly #scratch = Buffer.allocUnsafeSlow(MAX_JOB_BYTES);
  readonly #overheadBytes: number;
  readonly #directory: string;
  #bytes: number;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** @throws what the file system throws; JournalDirectoryError when the folder is not safe (law L13) */
  constructor({ directory, form, key, sync, maxBytes, maxJobs }: QueueOptions) {
    const real = openDirectory(directory);
    this.#maxBytes = maxBytes;
    this.#maxJobs = maxJobs;
    // The writer's own bound gives up the oldest, which must not happen here: it is never reached. A segment is an
    // eighth of our bound at most, for room comes back by the segment.
    const writerBytes = Math.max(2 * maxBytes, 1);
    this.#writer = new JournalWriter({
      directory: real,
      owner: { queue: 'recall', ...(form === undefined ? {} : { form }) },
      maxBytes: writerBytes,
      sync,
      key,
    });
    this.path = this.#writer.path;
    this.id = basename(this.path);
    this.#overheadBytes = HEADER_BYTES + (key === undefined ? 0 : SEAL_BYTES);
    this.#directory = real;
    this.#bytes = directoryBytes(real);
  }

  /** Bytes of all segments, as far as this process knows. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Never throws.
   *
   * @param open jobs of this process without a verdict
   */
  append(job: PackedJob, judge: string, open: number): Appended {
    try {
      return this.#append(job, judge, open);
    } catch (error) {
      return { ok: false, why: 'failed', error: codeOf(error) };
    }
  }

  /** Segments of so many bytes are gone. */
  freed(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  #append(job: PackedJob, judge: string, open: number): Appended {
    // Written out once: what is counted is what is written.
    const bytes = packJob(job, this.#scratch);
    const all = bytes + Buffer.byteLength(judge) + this.#overheadBytes;
    if (open >= this.#maxJobs || !this.#fits(all)) return { ok: false, why: 'full' };
    const number = this.#writer.page.get('evaluations', 'journaled');
    const body = this.#scratch.subarray(0, bytes);
    const result = this.#writer.append('evaluations', body, 1, 0, judge);
    if (result !== 'ok' && result !== 'unsynced')
      return { ok: false, why: 'failed', error: codeOf(this.#writer.lastError ?? result) };
    this.#bytes += all;
    return { ok: true, key: `${this.id}.${number}` };
  }

  #fits(bytes: number): boolean {
    if (this.#bytes + bytes <= this.#maxBytes) return true;
    const now = performance.now();
    if (now - this.#lookedMs < LOOK_AGAIN_MS) return false;
    this.#lookedMs = now;
    this.#bytes = directoryBytes(this.#directory);
    return this.#bytes + bytes <= this.#maxBytes;
  }

  close(): void {
    this.#writer.close();
  }
}

/** A queue at its bound is measured again after so long: other processes may have made room. */
const LOOK_AGAIN_MS = 1000;
