import { randomUUID } from 'node:crypto';

/** A job that the disk did not take, or must not. */
export interface MemoryJob {
  readonly key: string;
  readonly text: string;
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
  add(text: string, judge: string, timeMs: number): MemoryJob | undefined {
    const bytes = bytesOf(text);
    if (this.#jobs.size >= MAX_JOBS || this.#bytes + bytes > this.#maxBytes) return undefined;
    const job = { key: `${this.#prefix}.${this.#next++}`, text, judge, timeMs };
    this.#jobs.set(job.key, job);
    this.#bytes += bytes;
    return job;
  }

  remove(key: string): void {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    this.#jobs.delete(key);
    this.#bytes -= bytesOf(job.text);
  }

  [Symbol.iterator](): Iterator<MemoryJob> {
    return this.#jobs.values();
  }
}

function bytesOf(text: string): number {
  return text.length * 2 + OVERHEAD_BYTES;
}
