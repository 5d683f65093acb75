import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Names } from '../journal/directory.ts';

/** Writers of this process are few; one that is asked for after so many others is looked up again. */
const MAX_KNOWN = 256;

const MOVES = /^\d{1,9}$/;

/** What `owner.json` of the relay's writers says: whose they are, and how many folders of the relay others had ended. */
export function relayOwner(
  token: string,
  moves: number,
): { readonly relay: string; readonly relayMoves: string } {
  return { relay: token, relayMoves: String(moves) };
}

/** Tells this process's loopback relay from other writers in a journal. Folders that others ended count no more. */
export class RelayWriters {
  readonly #directory: string;
  readonly #token: string;
  readonly #known = new Map<string, number | undefined>();
  readonly #adopted = new Set<string>();
  #moves = 0;

  /** @param token what `owner.json` of its writers says */
  constructor(directory: string, token: string) {
    this.#directory = directory;
    this.#token = token;
  }

  /** The folders that count are those since so many were ended by others. */
  get moves(): number {
    return this.#moves;
  }

  has(id: string): boolean {
    return this.#movesOf(id) === this.#moves;
  }

  /**
   * A writer is delivered here from now on. What its log says already is all there is to count (`restore`), comes to what
   * other folders of the relay have (`add`), or is counted.
   */
  adopt(id: string): 'restore' | 'add' | undefined {
    const moves = this.#movesOf(id);
    if (moves === undefined || moves < this.#moves) return undefined;
    if (moves > this.#moves) this.#adopted.clear();
    this.#moves = moves;
    if (this.#adopted.has(id)) return undefined;
    this.#adopted.add(id);
    return this.#adopted.size === 1 ? 'restore' : 'add';
  }

  #movesOf(id: string): number | undefined {
    if (!this.#known.has(id)) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(id, readMoves(join(this.#directory, id, Names.owner), this.#token));
    }
    return this.#known.get(id);
  }
}

function readMoves(file: string, token: string): number | undefined {
  try {
    const { relay, relayMoves } = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
    if (relay !== token) return undefined;
    return typeof relayMoves === 'string' && MOVES.test(relayMoves) ? Number(relayMoves) : 0;
  } catch {
    return undefined; // Gone already, or nobody's.
  }
}
