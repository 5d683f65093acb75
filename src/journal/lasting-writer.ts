import { basename, dirname } from 'node:path';
import type { SignalKind } from '../contracts/signal.ts';
import type { Clock } from '../kernel/clock.ts';
import { renewOwner } from './claim.ts';
import { CounterPage, type PageContent } from './counters.ts';
import { codeOf } from './directory.ts';
import { readHistory } from './history.ts';
import { isLeaseCertain } from './identity.ts';
import { isClosing, linkSeal, settledPage, type Seal } from './seal.ts';
import { isBehind } from './survey.ts';
import type { HeldRecord } from './memory.ts';
import type { AppendResult, JournalWriter } from './writer.ts';

export interface LastingWriterOptions {
  /**
   * Makes a folder whose counts go on in `page`; `settled` stays with the folder before.
   *
   * @throws why there can be none now
   */
  readonly open: (page: CounterPage, settled: PageContent | undefined) => JournalWriter;
  readonly clock: Clock;
  /** It writes into another folder from now on. `taken`: somebody else ended the one before. Must not throw. */
  readonly onMove: (writer: JournalWriter, taken: boolean) => void;
}

/**
 * A journal writer for all the life of its thread. It opens its folder as soon as the disk lets it, and another one when
 * the one it had was ended by a deliverer that cannot see this process and took a long standstill (SIGSTOP, a frozen
 * container) for its death. Nothing is appended unless the lease was renewed within half its time, or is renewed now; a
 * record that was being written when the thread stood still is looked at again. Never throws.
 */
export class LastingWriter {
  readonly page = new CounterPage();
  readonly #options: LastingWriterOptions;
  #writer: JournalWriter | undefined;
  /** When the lease was last renewed, by both clocks. */
  #renewed = { ms: 0, wallMs: 0 };
  /** Written when the lease may have run out, and not known to be in the folder that counts. */
  #doubtful:
    | { readonly record: Omit<HeldRecord, 'id'>; readonly segment: number; readonly startOffset: number }
    | undefined;
  #lastError: unknown;

  constructor(options: LastingWriterOptions) {
    this.#options = options;
  }

  /** Folder that is written into; undefined while there is none. */
  get path(): string | undefined {
    return this.#writer?.path;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  /** Opens the folder, when there is none; else renews its lease, or moves. False: why not stands in `lastError`. */
  renew(): boolean {
    try {
      if (this.#writer === undefined) this.#open(undefined);
      else this.#confirm(this.#writer);
      return true;
    } catch (error) {
      this.#lastError = error;
      return false;
    }
  }

  /** Like `renew`, when its lease may have run out. A folder that there never was is left to the next record. */
  renewIfDue(): boolean {
    return this.#writer === undefined || this.page.clean || this.#isCertain() || this.renew();
  }

  append(
    kind: SignalKind,
    body: string | Uint8Array,
    count: number,
    flags = 0,
    preamble = '',
    timeMs = this.#options.clock.wall(),
  ): AppendResult {
    if (!this.#isCertain() && !this.renew()) return 'failed';
    const writer = this.#writer!;
    const result = writer.append(kind, body, count, flags, preamble, timeMs);
    if (result !== 'ok' && result !== 'unsynced') {
      this.#lastError = writer.lastError;
      if (codeOf(this.#lastError) === 'ENOENT') this.#renewed = { ms: -Infinity, wallMs: 0 }; // Its folder is gone.
      return result;
    }
    if (result === 'unsynced') this.#lastError = writer.lastError;
    if (this.#isCertain()) return result;
    // It stood still between the look at the clock and now: perhaps the folder ended before this record.
    const { segment, offset } = writer.lastRecord;
    const record = { kind, body, count, flags, preamble, timeMs };
    this.#doubtful = { record, segment, startOffset: offset };
    if (this.renew()) return result;
    // The caller's buffer is the caller's.
    const own = typeof body === 'string' ? body : new Uint8Array(body);
    this.#doubtful = { ...this.#doubtful, record: { ...record, body: own } };
    return 'unsynced';
  }

  close(): void {
    if (this.#writer === undefined) this.page.close();
    else this.#writer.close();
  }

  #isCertain(): boolean {
    if (this.#writer === undefined || this.page.clean) return false;
    return isLeaseCertain(this.#renewed, this.#now());
  }

  /** Renews first and looks after it: see `sealWriter`. */
  #confirm(writer: JournalWriter): void {
    const renewed = this.#now();
    // A last word that is taken back, likewise.
    if (this.page.clean) this.page.reopen();
    if (renewOwner(writer.path) && !isClosing(writer.path)) {
      this.#renewed = renewed;
      this.#doubtful = undefined;
      return;
    }
    this.#move(writer);
  }

  #move(writer: JournalWriter): void {
    const seal = this.#sealOf(writer);
    const doubtful = this.#doubtful;
    this.#open(seal);
    writer.abandon();
    this.#doubtful = undefined;
    if (doubtful === undefined) return;
    const { record, segment, startOffset } = doubtful;
    if (!isBehind(seal.ends[record.kind], segment, startOffset)) return;
    const { kind, body, count, flags, preamble, timeMs } = record;
    const result = this.#writer!.append(kind, body, count, flags, preamble, timeMs);
    if (result !== 'ok' && result !== 'unsynced') this.page.add(kind, 'lost.memory', count);
  }

  #open(seal: Seal | undefined): void {
    const renewed = this.#now();
    const isMoving = this.#writer !== undefined;
    this.#writer = this.#options.open(this.page, seal?.page);
    this.#renewed = renewed;
    this.#options.onMove(this.#writer, isMoving);
  }

  /** The seal that holds for the folder: ours, when we come in time. */
  #sealOf(writer: JournalWriter): Seal {
    const ends = {
      spans: writer.end('spans'),
      llmSpans: writer.end('llmSpans'),
      evaluations: writer.end('evaluations'),
    };
    const held = {
      spans: ends.spans.signals,
      llmSpans: ends.llmSpans.signals,
      evaluations: ends.evaluations.signals,
    };
    const own: Seal = { ends, page: settledPage(this.page.content(), held, true) };
    const entered = (): Seal | undefined =>
      readHistory(dirname(writer.path)).find(({ id }) => id === basename(writer.path))?.seal;
    // Where nobody knows any more, somebody removed the folder, or its last word was folded: what we know has to do.
    return linkSeal(writer.path, own) ?? entered() ?? own;
  }

  #now(): { ms: number; wallMs: number } {
    const { clock } = this.#options;
    return { ms: clock.now(), wallMs: clock.wall() };
  }
}
