import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { claimDelivery, ownerState, releaseDelivery, renewOwner } from '../../journal/claim.ts';
import { RecordCipher } from '../../journal/cipher.ts';
import { codeOf, Names } from '../../journal/directory.ts';
import { unlinkIfThere } from '../../journal/eviction.ts';
import { ownIdentity } from '../../journal/identity.ts';
import type { StatsPayload } from '../../wire/datadog/stats.ts';
import {
  closedName,
  HITS_FILE,
  hitsOf,
  listSpoolFiles,
  openName,
  readHits,
  readPayloads,
  SealedStatisticsError,
  writePayloads,
} from './spool-files.ts';

export interface SpoolOptions {
  /** The journal directory; undefined while there is none: then nothing is kept. */
  readonly directory: () => string | undefined;
  readonly key?: Uint8Array | undefined;
  /** What this deliverer counts on; one that is started anew by its host counts on the same. */
  readonly token: string;
  /** The disk refused; what was counted is in memory alone. Told once. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** A closed interval on disk; it goes when nothing of it waits. */
export interface SpooledInterval {
  readonly payloads: readonly StatsPayload[];
  /** The Agent may have them already. */
  readonly maybeSent: boolean;
  /** Before one of its payloads is sent. */
  sending(): void;
  /** After that: whether it may have arrived without an answer. */
  settled(maybeArrived: boolean): void;
  /** Nobody waits for it any more. */
  gone(): void;
}

/** What a deliverer that is gone left. */
export interface Adopted {
  readonly intervals: readonly SpooledInterval[];
  /** Spans of it that are not on the board of this one yet. */
  readonly uncounted: number;
  /** Spans that it counted after it last wrote their statistics down. */
  readonly lost: number;
}

/** Folders of earlier deliverers that are taken over at a time. */
const ADOPT_AT_ONCE = 16;

const NOTHING: Adopted = { intervals: [], uncounted: 0, lost: 0 };

/**
 * Keeps hit statistics that the Agent has not got yet through the death of who counts them: in a folder below the journal,
 * one for each deliverer, with an owner and claims like a writer's. Nothing throws. What SIGKILL takes is what was counted
 * since the last snapshot, and that is known by number; what power loss takes is not.
 */
export class StatisticsSpool {
  readonly #options: SpoolOptions;
  readonly #cipher: RecordCipher | undefined;
  readonly #instance = randomUUID();
  readonly #hits = Buffer.alloc(16);
  #folder: string | undefined;
  #fd: number | undefined;
  #interval = 1;
  #saidError = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#cipher = options.key === undefined ? undefined : new RecordCipher(options.key);
  }

  /** The open interval has so many spans now. */
  counted(hits: number): void {
    this.#guarded(() => this.#writeHits(hits));
  }

  /** What the open interval has counted. @returns whether it is on disk */
  snapshot(payloads: readonly StatsPayload[]): boolean {
    return (
      this.#guarded(() => {
        writePayloads(join(this.#home(), openName(this.#interval)), payloads, this.#cipher);
        return true;
      }) ?? false
    );
  }

  /** The open interval ends with these, which wait for the Agent; a new one begins. Undefined when nothing is kept. */
  close(payloads: readonly StatsPayload[]): SpooledInterval | undefined {
    return this.#guarded(() => {
      const folder = this.#home();
      const open = join(folder, openName(this.#interval));
      writePayloads(open, payloads, this.#cipher);
      renameSync(open, join(folder, closedName(this.#interval)));
      const interval = this.#intervalOf(this.#interval, payloads, false);
      this.#interval += 1;
      this.#writeHits(0);
      return interval;
    });
  }

  /** What deliverers left that are gone. Call it again and again. */
  adopt(): Adopted {
    const { directory } = this.#options;
    const at = directory();
    if (at === undefined) return NOTHING;
    const adopted = this.#abandoned(at).map(
      (folder) => this.#guarded(() => this.#adoptOne(folder)) ?? NOTHING,
    );
    return {
      intervals: adopted.flatMap(({ intervals }) => intervals),
      uncounted: adopted.reduce((sum, { uncounted }) => sum + uncounted, 0),
      lost: adopted.reduce((sum, { lost }) => sum + lost, 0),
    };
  }

  /** Keeps the folder ours for those who cannot see this process. */
  renew(): void {
    const folder = this.#folder;
    if (folder !== undefined) this.#guarded(() => renewOwner(folder));
  }

  /** The end: an empty folder goes; another has what the next deliverer sends. */
  end(): void {
    this.#guarded(() => {
      if (this.#fd !== undefined) closeSync(this.#fd);
      this.#fd = undefined;
      const folder = this.#folder;
      this.#folder = undefined;
      if (folder !== undefined && listSpoolFiles(folder).length === 0)
        rmSync(folder, { recursive: true, force: true });
    });
  }

  #abandoned(directory: string): string[] {
    const found = this.#guarded(() => listStatistics(directory).filter((folder) => folder !== this.#folder));
    return (found ?? [])
      .filter((folder) => this.#guarded(() => ['dead', 'expired'].includes(ownerState(folder))) ?? false)
      .slice(0, ADOPT_AT_ONCE);
  }

  #adoptOne(folder: string): Adopted {
    if (!claimDelivery(folder, this.#instance)) return NOTHING;
    const files = listSpoolFiles(folder);
    let read: readonly (readonly StatsPayload[])[];
    try {
      read = files.map(({ name }) => readPayloads(join(folder, name), this.#cipher));
    } catch (error) {
      if (!(error instanceof SealedStatisticsError)) throw error;
      releaseDelivery(folder, this.#instance); // Who has the key takes it.
      return NOTHING;
    }
    const { interval: last, hits } = readHits(folder);
    const lastPayloads = read[files.findIndex(({ interval }) => interval === last)] ?? [];
    const lost = Math.max(0, hits - hitsOf(lastPayloads));
    const uncounted = this.#isOnOurBoard(folder) ? 0 : lost + read.reduce((sum, of) => sum + hitsOf(of), 0);
    const home = files.length === 0 ? '' : this.#home();
    const intervals = files.map((file, i) => {
      const number = this.#interval;
      this.#interval += 1;
      renameSync(join(folder, file.name), join(home, closedName(number)));
      return this.#intervalOf(number, read[i] ?? [], file.kind === 'closed' && file.sent);
    });
    rmSync(folder, { recursive: true, force: true });
    return { intervals, uncounted, lost };
  }

  #isOnOurBoard(folder: string): boolean {
    try {
      const owner = JSON.parse(readFileSync(join(folder, Names.owner), 'utf8')) as {
        readonly token?: unknown;
      };
      return owner.token === this.#options.token;
    } catch {
      return false; // Power loss took it.
    }
  }

  #intervalOf(number: number, payloads: readonly StatsPayload[], maybeSent: boolean): SpooledInterval {
    const folder = this.#home();
    let isOpen = maybeSent;
    let name = closedName(number);
    const mark = (sent: boolean): void => {
      const next = closedName(number, sent);
      if (name === next) return;
      this.#guarded(() => renameSync(join(folder, name), join(folder, next)));
      name = next;
    };
    if (maybeSent) mark(true);
    return {
      payloads,
      maybeSent,
      sending: () => mark(true),
      settled(maybeArrived) {
        isOpen ||= maybeArrived;
        mark(isOpen);
      },
      gone: () => void this.#guarded(() => unlinkIfThere(join(folder, name))),
    };
  }

  #writeHits(hits: number): void {
    this.#fd ??= openSync(
      join(this.#home(), HITS_FILE),
      constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
    );
    this.#hits.writeBigUInt64LE(BigInt(this.#interval), 0);
    this.#hits.writeBigUInt64LE(BigInt(hits), 8);
    writeSync(this.#fd, this.#hits, 0, this.#hits.length, 0);
  }

  /** Whoever looks for folders sees one only with its owner in it. */
  #home(): string {
    if (this.#folder !== undefined) return this.#folder;
    const at = this.#options.directory();
    if (at === undefined) throw new NoJournal('there is no journal');
    const name = `${FOLDER_PREFIX}${randomUUID()}`;
    const draft = join(at, Names.statistics, `.${name}`);
    mkdirSync(draft, { recursive: true, mode: 0o700 });
    const owner = JSON.stringify({ token: this.#options.token, ...ownIdentity() });
    writeFileSync(join(draft, Names.owner), owner, { mode: 0o600 });
    const folder = join(at, Names.statistics, name);
    renameSync(draft, folder);
    return (this.#folder = folder);
  }

  /** Undefined when the disk refuses; a folder that somebody took over is made anew the next time. */
  #guarded<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (error instanceof NoJournal) return undefined;
      if (this.#folder !== undefined && !existsSync(this.#folder)) this.#forget();
      if (!this.#saidError) this.#options.onError(error);
      this.#saidError = true;
      return undefined;
    }
  }

  #forget(): void {
    this.#folder = undefined;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

const FOLDER_PREFIX = 's-';

class NoJournal extends Error {}

/** Folders of hit statistics in a journal. Empty where there are none. @throws what the file system throws */
export function listStatistics(directory: string): string[] {
  const folder = join(directory, Names.statistics);
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith(FOLDER_PREFIX))
      .toSorted()
      .map((name) => join(folder, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
