import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Names } from '../journal/directory.ts';

/** Writers of this process are few; one that is asked for after so many others is looked up again. */
const MAX_KNOWN = 256;

/** Tells this process's loopback relay from other writers in a journal. */
export class RelayWriters {
  readonly #directory: string;
  readonly #token: string;
  readonly #known = new Map<string, boolean>();
  #first: string | undefined;

  /** @param token what `owner.json` of its writers says */
  constructor(directory: string, token: string) {
    this.#directory = directory;
    this.#token = token;
  }

  has(id: string): boolean {
    let is = this.#known.get(id);
    if (is === undefined) {
      is = readToken(join(this.#directory, id, Names.owner)) === this.#token;
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(id, is);
    }
    return is;
  }

  /** Whether it is the first relay there was: one that was started again adds to what the first had. */
  first(id: string): boolean {
    if (!this.has(id)) return false;
    this.#first ??= id;
    return this.#first === id;
  }
}

function readToken(file: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly relay?: unknown }).relay;
  } catch {
    return undefined; // Gone already, or nobody's.
  }
}
