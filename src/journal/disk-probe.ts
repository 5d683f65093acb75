import { randomBytes } from 'node:crypto';
import { close, constants, fdatasync, open, unlink, write } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { codeOf } from './directory.ts';

/** What a try of the disk came to: how long its bytes took, or the code of its error. */
export type ProbeAnswer = { readonly tookMs: number } | { readonly code: string };

/**
 * Tries a folder's disk without holding up the thread that asks. Answers once, later, unless the disk never does; never
 * throws. While it is under way the process does not end by itself.
 */
export type DiskProbe = (folder: string, bytes: number, answer: (answer: ProbeAnswer) => void) => void;

/** Of a try: more than a volume lets through at once, and no more than one would write for nothing each second. */
const MIN_PROBE_BYTES = 256 * 1024;
const MAX_PROBE_BYTES = 1024 * 1024;

/** As large as the parts in which a record is written. */
const CHUNK_BYTES = 128 * 1024;

const FILE = 'probe';
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/**
 * A probe that writes a file, and removes it, by libuv's threads. The bytes are random: a volume that compresses would be
 * quick with zeros.
 *
 * @param sync what is written must last: fdatasync is part of it
 */
export function createDiskProbe(clock: Clock, sync: boolean): DiskProbe {
  let chunk: Buffer | undefined;
  return (folder, bytes, answer) => {
    chunk ??= randomBytes(CHUNK_BYTES);
    const data = chunk;
    const file = join(folder, FILE);
    const size = Math.min(MAX_PROBE_BYTES, Math.max(MIN_PROBE_BYTES, bytes));
    const startMs = clock.now();
    open(file, FLAGS, 0o600, (refused, fd) => {
      if (refused !== null) return answer({ code: codeOf(refused) });
      const end = (error: NodeJS.ErrnoException | null): void => {
        const said = error === null ? { tookMs: clock.now() - startMs } : { code: codeOf(error) };
        // A file that stays goes with its folder, or is written over by the next try.
        close(fd, () => unlink(file, () => answer(said)));
      };
      const more = (at: number): void => {
        if (at >= size) return sync ? fdatasync(fd, end) : end(null);
        write(fd, data, 0, Math.min(CHUNK_BYTES, size - at), at, (error, written) => {
          if (error !== null) return end(error);
          if (written === 0) return end(Object.assign(new Error('short write'), { code: 'ENOSPC' }));
          more(at + written);
        });
      };
      more(0);
    });
  };
}
