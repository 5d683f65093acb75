import type { Machine } from './machine.ts';

export type DiskMode = 'ok' | 'eio' | 'full' | 'read-only' | 'slow' | 'short';

/** What a call does to the disk. */
export type Access = 'read' | 'grow' | 'change' | 'remove';

/** An error of the file system. Without a stack, which would be most of what it costs. */
export function errno(code: string, path = ''): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = Object.assign(new Error(`${code}: ${path}`), { code });
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

/** What a failing disk may make the code under test say. */
export const DISK_CODES: ReadonlySet<string> = new Set(['EIO', 'ENOSPC', 'EROFS', 'ENOENT', 'EEXIST']);

const SLOW_MS = 120;

/** What is wrong with the disk at the moment. Calls of observers and of /proc never fail. */
export class DiskFaults {
  mode: DiskMode = 'ok';
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  check(access: Access, path: string): void {
    switch (this.mode) {
      case 'ok':
      case 'short':
        return;
      case 'eio':
        if (this.#machine.random() < 0.3) throw errno('EIO', path);
        return;
      case 'full':
        if (access === 'grow') throw errno('ENOSPC', path);
        return;
      case 'read-only':
        if (access !== 'read') throw errno('EROFS', path);
        return;
      case 'slow':
        this.#machine.pass(SLOW_MS);
        return;
    }
  }

  /** How many of `bytes` a write takes. A full disk takes some, and the rest not. */
  taken(bytes: number): number {
    if (this.mode === 'short' && this.#machine.random() < 0.6) {
      const some = this.#machine.below(bytes + 1);
      if (some === 0 && bytes > 0) throw errno('ENOSPC');
      return some;
    }
    return bytes;
  }
}
