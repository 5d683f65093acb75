import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { SpendBook, Spent } from '../../evaluation/budget/budget.ts';
import { codeOf } from '../../journal/directory.ts';
import { unlinkIfThere } from '../../journal/eviction.ts';

const PREFIX = 'spent-';

/**
 * What judges cost on a day: a file of lines that everybody who shares the journal adds to and reads on. Lines hold
 * numbers alone. Files of earlier days go.
 */
export class SpendFiles implements SpendBook {
  readonly #directory: string;
  readonly #onError: (error: unknown) => void;
  #day = '';
  #offset = 0;
  #rest = '';
  #spent: Spent = { calls: 0, tokens: 0, usd: 0 };
  /** What the disk refused to take: known to this process alone. */
  #unwritten: Spent = { calls: 0, tokens: 0, usd: 0 };

  constructor(directory: string, onError: (error: unknown) => void) {
    this.#directory = directory;
    this.#onError = onError;
  }

  read(day: string): Spent {
    this.#turnTo(day);
    try {
      this.#readOn();
    } catch (error) {
      // Nobody has spent anything yet, or the disk fails: then what is known so far counts.
      if (codeOf(error) !== 'ENOENT') this.#onError(error);
    }
    return sum(this.#spent, this.#unwritten);
  }

  add(day: string, spent: Spent): void {
    this.#turnTo(day);
    try {
      const line = Buffer.from(`${JSON.stringify(spent)}\n`);
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
      const fd = openSync(this.#file(), flags, 0o600);
      try {
        if (writeSync(fd, line) < line.length)
          throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      this.#unwritten = sum(this.#unwritten, spent);
      this.#onError(error);
    }
  }

  #turnTo(day: string): void {
    if (day === this.#day) return;
    this.#day = day;
    this.#offset = 0;
    this.#rest = '';
    this.#spent = this.#unwritten = { calls: 0, tokens: 0, usd: 0 };
    try {
      for (const name of readdirSync(this.#directory)) {
        if (name.startsWith(PREFIX) && name < `${PREFIX}${day}`) unlinkIfThere(join(this.#directory, name));
      }
    } catch (error) {
      this.#onError(error);
    }
  }

  #readOn(): void {
    const fd = openSync(this.#file(), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const buffer = Buffer.alloc(Math.max(0, fstatSync(fd).size - this.#offset));
      const read = readSync(fd, buffer, 0, buffer.length, this.#offset);
      this.#offset += read;
      const lines = (this.#rest + buffer.toString('latin1', 0, read)).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.#spent = sum(this.#spent, parse(line));
    } finally {
      closeSync(fd);
    }
  }

  #file(): string {
    return join(this.#directory, `${PREFIX}${this.#day}.jsonl`);
  }
}

/** Where there is no journal: a day's spending lasts as long as the process. */
export function memoryBook(): SpendBook {
  let today = '';
  let spent: Spent = { calls: 0, tokens: 0, usd: 0 };
  const turnTo = (day: string): void => {
    if (day !== today) spent = { calls: 0, tokens: 0, usd: 0 };
    today = day;
  };
  return {
    read(day) {
      turnTo(day);
      return spent;
    },
    add(day, more) {
      turnTo(day);
      spent = sum(spent, more);
    },
  };
}

function sum(a: Spent, b: Spent): Spent {
  return { calls: a.calls + b.calls, tokens: a.tokens + b.tokens, usd: a.usd + b.usd };
}

function parse(line: string): Spent {
  try {
    const { calls, tokens, usd } = JSON.parse(line) as Spent;
    return [calls, tokens, usd].every(Number.isFinite) ? { calls, tokens, usd } : NOTHING;
  } catch {
    return NOTHING; // Torn by a full disk.
  }
}

const NOTHING: Spent = { calls: 0, tokens: 0, usd: 0 };
