import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { TRACER_EVENTS, type TracerEvent } from '../../bridges/dd-trace/finished.ts';

export type TracerCounts = Readonly<Record<TracerEvent, number>>;

/** The counts of one thread of an observed process. */
export interface PageContent {
  readonly pid: number;
  readonly counts: TracerCounts;
  /** It ran its 'exit' handler. */
  readonly ended: boolean;
}

const MAGIC = 0x4b534f31;
const ENDED = TRACER_EVENTS.length + 1;
const SLOTS = TRACER_EVENTS.length + 2;

/** Counts in one file, written with one pwrite: they survive a SIGKILL. Never throws once it is there. */
export class ObservePage {
  readonly #values = new Float64Array(SLOTS);
  readonly #bytes = new Uint8Array(this.#values.buffer);
  #fd: number | undefined;

  /** @throws what the file system throws when the page cannot be made */
  constructor(directory: string) {
    this.#fd = openSync(
      join(directory, `${process.pid}-${threadId}-${Date.now().toString(36)}`),
      'wx',
      0o600,
    );
    this.#values[0] = MAGIC;
    this.write();
  }

  add(event: TracerEvent): void {
    this.#values[1 + TRACER_EVENTS.indexOf(event)]! += 1;
  }

  write(): void {
    if (this.#fd === undefined) return;
    try {
      writeSync(this.#fd, this.#bytes, 0, this.#bytes.length, 0);
    } catch {
      closeSync(this.#fd); // A full disk, or a directory that was taken away: what was written stands.
      this.#fd = undefined;
    }
  }

  end(): void {
    this.#values[ENDED] = 1;
    this.write();
  }
}

/** Every page in a directory. One that is no page is left out. */
export function readPages(directory: string): PageContent[] {
  return readdirSync(directory).flatMap((name) => {
    const bytes = readFileSync(join(directory, name));
    if (bytes.length !== SLOTS * 8 || bytes.readDoubleLE(0) !== MAGIC) return [];
    const values = TRACER_EVENTS.map((event, i) => [event, bytes.readDoubleLE(8 * (i + 1))] as const);
    return [
      {
        pid: Number.parseInt(name, 10),
        counts: Object.fromEntries(values) as Record<TracerEvent, number>,
        ended: bytes.readDoubleLE(8 * ENDED) === 1,
      },
    ];
  });
}
