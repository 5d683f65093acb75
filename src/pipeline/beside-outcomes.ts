import { join } from 'node:path';
import type { UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { isDelivered } from '../journal/claim.ts';
import { Names } from '../journal/directory.ts';
import { OutcomeReader } from '../journal/outcome-reader.ts';
import type { OutcomeState } from '../journal/outcomes.ts';
import { readUpstreamNote, type UpstreamTroubles } from '../journal/upstream-note.ts';
import type { JournalHome } from './open-journal.ts';

export interface BesideOptions {
  /** The journal folder of this thread, wherever it is now. */
  readonly home: () => JournalHome;
  /** Whether the disk answers: one that does not is left alone. */
  readonly isReadable: () => boolean;
  /** Nobody has taken the journal over for a while. Told once. Must not throw. */
  readonly onNobody: () => void;
  /** Something could not be read; it is tried again. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** How old the figures may be. */
const LOOK_MS = 1000;

/** Read of the log at a time: half a millisecond of the thread, and twice what a busy deliverer writes in a second. */
export const LOOK_BYTES = 64 * 1024;

/** Whether anybody delivers is asked at every so many looks. */
const LOOKS_PER_CLAIM = 10;

/** The log is folded when it is longer than that: more is never there to be read. */
const WHOLE_LOG_BYTES = 2 * 1024 * 1024;

/**
 * What somebody beside this thread (`keepspan run`, `keepspan deliver`, for a worker thread the main one) has done with
 * what it journaled. Read once a second; whoever asks gets what was read last.
 */
export class BesideOutcomes {
  readonly #options: BesideOptions;
  readonly #timer: NodeJS.Timeout;
  #home: JournalHome | undefined;
  #path: string | undefined;
  #reader: OutcomeReader | undefined;
  #troubles: UpstreamTroubles = {};
  #looks = 0;
  #isDelivered: boolean | undefined;
  #saidNobody = false;

  constructor(options: BesideOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Everything that its log said at the last look; undefined where there is no folder. */
  state(): OutcomeState | undefined {
    this.#follow();
    return this.#reader?.state;
  }

  outcomes(kind: SignalKind): Readonly<Record<string, number>> {
    this.#follow();
    return { ...this.#reader?.state[kind].counts } as Readonly<Record<string, number>>;
  }

  /** Kinds of signal that upstream refuses, or does not answer. */
  upstream(): readonly UpstreamState[] {
    this.#follow();
    return Object.values(this.#troubles);
  }

  /** Undefined until it was looked for: whoever starts beside us needs a moment. */
  isDelivered(): boolean | undefined {
    return this.#isDelivered;
  }

  /** One look, as the timer does it. */
  look(): void {
    this.#read(LOOK_BYTES);
    this.#looks += 1;
    if (this.#looks % LOOKS_PER_CLAIM === 0) this.#askWhoDelivers();
  }

  /** Everything that is there now: for the end of the process, and for who waits for an answer anyway. */
  catchUp(): void {
    this.#read(WHOLE_LOG_BYTES);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(maxBytes: number): void {
    this.#follow();
    if (this.#path === undefined || !this.#options.isReadable()) return;
    try {
      this.#reader?.readOn(maxBytes);
      this.#troubles = readUpstreamNote(this.#path);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #askWhoDelivers(): void {
    if (this.#path === undefined || !this.#options.isReadable()) return;
    try {
      const before = this.#isDelivered;
      this.#isDelivered = isDelivered(this.#path);
      // Twice: a deliverer that is started anew is soon there again.
      if (this.#isDelivered || before !== false || this.#saidNobody) return;
      this.#saidNobody = true;
      this.#options.onNobody();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** The journal goes on in another folder: outcomes of the one before are with whoever has it. */
  #follow(): void {
    const home = this.#options.home();
    if (home === this.#home) return;
    this.#home = home;
    const { directory, writerId } = home;
    this.#path = directory === undefined ? undefined : join(directory, writerId);
    this.#reader = this.#path === undefined ? undefined : new OutcomeReader(join(this.#path, Names.outcomes));
    this.#troubles = {};
    this.#isDelivered = undefined;
  }
}
