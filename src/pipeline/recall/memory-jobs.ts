import { randomUUID } from 'node:crypto';
import { packJob, type PackedJob } from '../../evaluation/recall/job.ts';

/** A job that the disk did not take, or must not. */
export interface MemoryJob {
  readonly key: string;
  readonly packed: Uint8Array;
  readonly judge: string;
  readonly timeMs: number;
}

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_JOBS = 1000;
const OVERHEAD_BYTES = 300;

/** Jobs in bounded memory, until their verdict is out: a thread that dies is given them again. They die with the process. */
export class MemoryJobs {
  readonly #maxBytes: number;
  readonly #prefix = `memory-${randomUUID()}`;
  readonly #jobs = new Map<string, MemoryJob>();
  #bytes = 0;
  #next = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** Undefined: there is no room. */
  add(packed: PackedJob, judge: string, timeMs: number): MemoryJob | undefined {
    const bytes = packed.bytes + OVERHEAD_BYTES;
    if (this.#jobs.size >= MAX_JOBS || this.#bytes + bytes > this.#maxBytes) return undefined;
    const buffer = Buffer.allocUnsafeSlow(packed.bytes);
    const length = packJob(packed, buffer);
    const job = { key: `${this.#prefix}.${this.#next++}`, packed: buffer.subarray(0, length), judge, timeMs };
    this.#jobs.set(job.key, job);
    this.#bytes += bytes;
    return job;
  }

  remove(key: string): void {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    this.#jobs.delete(key);
    this.#bytes -= job.packed.buffer.byteLength + OVERHEAD_BYTES;
  }

  [Symbol.iterator](): Iterator<MemoryJob> {
    return this.#jobs.values();
  }
}
