import type { Clock } from '../kernel/clock.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { CounterPage } from './counters.ts';
import { codeOf } from './directory.ts';
import type { DiskProbe, ProbeAnswer } from './disk-probe.ts';
import { MemoryQueue, type HeldRecord } from './memory.ts';
import { SLOW } from './segment-writer.ts';
import type { AppendResult } from './writer.ts';

/** What the guard needs of a journal writer. */
export interface Appender {
  readonly page: CounterPage;
  /** Undefined as long as it has not come to a folder of its own. */
  readonly path: string | undefined;
  readonly lastError: unknown;
  /** Whether its folder is still its own; makes it so where it can. */
  renewIfDue?(): boolean;
  append(
    kind: SignalKind,
    body: string | Uint8Array,
    count: number,
    flags?: number,
    preamble?: string,
    timeMs?: number,
  ): AppendResult;
  close(): void;
}

export interface GuardOptions {
  /** Undefined when there is no usable directory: everything stays in memory. */
  readonly writer: Appender | undefined;
  readonly clock: Clock;
  /** Bound on what is kept while the disk refuses. */
  readonly maxMemoryBytes: number;
  /** Records that take longer, three in a row, open the breaker: the disk must not hold up the application. */
  readonly slowMs: number;
  /**
   * Called once whenever records begin to go to memory (`code` of the error, `SLOW`, or `KS_JOURNAL_FULL`) and when the
   * disk takes all of them again.
   */
  readonly onState: (state: 'open' | 'closed', code: string) => void;
  /** Tries a disk that was slow beside this thread. Without one it is tried with a record, which holds up the thread. */
  readonly probe?: DiskProbe | undefined;
}

/** So many slow writes in a row are the disk's doing. */
const SLOW_WRITES = 3;

/** How long the breaker stays open before the disk is tried again. */
export const RETRY_AFTER_MS = 1000;

/** A slow disk holds up the application with each record: one that is slow again doubles the pause, up to here. */
export const MAX_SLOW_RETRY_MS = 16_000;

/** What a drain may take of the main thread at a time; the last one of the process may take longer. */
const DRAIN_MS = 4;
const LAST_DRAIN_MS = 1000;

/**
 * The journal behind a breaker (law L5): when the disk is read-only, failing or slow, records wait in bounded memory and
 * the disk is tried again each second: by one record where it refuses at once, beside this thread where it was slow. A
 * full journal opens no breaker: what is more important may still get in. Never throws.
 */
export class GuardedJournal {
  readonly page: CounterPage;
  readonly memory: MemoryQueue;
  readonly #options: GuardOptions;
  readonly #full = new Set<SignalKind>();
  #openUntilMs = Number.NEGATIVE_INFINITY;
  #open = false;
  #slowInARow = 0;
  #slowRetryMs = RETRY_AFTER_MS;
  /** Of the record that was slow last. */
  #slowBytes = 0;
  /** What the breaker waits for: `probe` to ask, its `answer`, or nothing but the time. */
  #awaits: 'probe' | 'answer' | undefined;
  #said = false;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.page = options.writer?.page ?? new CounterPage();
    this.memory = new MemoryQueue(options.maxMemoryBytes);
  }

  /** False while records go to memory. */
  get onDisk(): boolean {
    return this.#options.writer?.path !== undefined && !this.#open && this.#full.size === 0;
  }

  /** @returns `disk`, `memory`, or `gone` when it could not be kept (counted by reason) */
  take(
    kind: SignalKind,
    body: string | Uint8Array,
    count: number,
    flags: number,
    preamble: string,
  ): 'disk' | 'memory' | 'gone' {
    const { writer, clock } = this.#options;
    if (writer !== undefined && this.#mayTry()) {
      const result = this.#tryDisk(writer, { kind, body, count, flags, preamble, timeMs: clock.wall() });
      if (result === 'ok') return 'disk';
      if (result === 'too_large') return this.#tooLarge(kind, count);
    }
    // The caller's buffer is the caller's: dd-trace writes its next payload over this one.
    const own = typeof body === 'string' ? body : new Uint8Array(body);
    return this.#hold({ kind, body: own, count, flags, preamble, timeMs: clock.wall() });
  }

  /** Makes the counts last through a SIGKILL. */
  commit(): void {
    this.#options.writer?.renewIfDue?.();
    this.page.write();
  }

  /**
   * Writes to disk what waits in memory, most important first, when the disk may be tried and as far as a short time
   * goes; what somebody else is delivering stays. For a timer.
   */
  drain(): void {
    if (!this.#mayTry()) return;
    // What was counted while the disk refused is said before what it speaks of is there.
    this.page.write();
    this.#drain(DRAIN_MS, false);
  }

  /**
   * For the 'exit' handler: a last try at the disk; what memory still holds is lost with the process, and counted.
   * The files stay open, for other handlers may still make signals.
   */
  conclude(): void {
    this.#countPinned();
    this.#drain(LAST_DRAIN_MS, true);
    for (const record of this.memory) {
      this.page.add(record.kind, 'lost.memory', record.count);
      this.memory.remove(record.id);
    }
    this.page.markClean();
  }

  /** Concludes and closes the files. */
  close(): void {
    this.conclude();
    if (this.#options.writer !== undefined) this.#options.writer.close();
    else this.page.close();
  }

  /** What somebody else is delivering goes to disk as well and is sent from there: said before it is there. */
  #countPinned(): void {
    for (const { id, kind, count } of this.memory)
      if (this.memory.isPinned(id)) this.page.addMaybeTwice(kind, count);
    this.page.write();
  }

  #drain(maxMs: number, everything: boolean): void {
    const { writer, clock } = this.#options;
    if (writer === undefined) return;
    const endMs = clock.now() + maxMs;
    for (const record of this.memory) {
      if (!everything && this.memory.isPinned(record.id)) continue;
      const result = this.#tryDisk(writer, record);
      if (result === 'failed' || result === 'full') return;
      this.memory.remove(record.id);
      if (result === 'too_large') this.#tooLarge(record.kind, record.count);
      if (clock.now() >= endMs || (!everything && this.#open)) return;
    }
  }

  /** Whether a record may be tried. A disk that was slow is asked first, once its pause is over. */
  #mayTry(): boolean {
    if (!this.#open) return true;
    if (this.#awaits === 'answer' || this.#options.clock.now() < this.#openUntilMs) return false;
    const { probe, writer } = this.#options;
    if (this.#awaits === undefined || probe === undefined || writer?.path === undefined) return true;
    this.#awaits = 'answer';
    probe(writer.path, this.#slowBytes, (answer) => this.#answered(answer));
    return false;
  }

  #answered(answer: ProbeAnswer): void {
    this.#awaits = undefined;
    if (!this.#open) return; // The 'exit' handler does not ask, and found it well.
    const code = 'code' in answer ? answer.code : SLOW;
    if ('tookMs' in answer && answer.tookMs <= this.#options.slowMs) return; // The next record may be tried.
    this.#openFor(code);
  }

  /** A result other than these two leaves the record where it was. */
  #tryDisk(writer: Appender, record: Omit<HeldRecord, 'id'>): 'ok' | 'too_large' | 'full' | 'failed' {
    const { clock, slowMs } = this.#options;
    const { kind, body, count, flags, preamble, timeMs } = record;
    const startMs = clock.now();
    const result = writer.append(kind, body, count, flags, preamble, timeMs);
    switch (result) {
      case 'too_large':
        return result;
      case 'full':
        this.#full.add(kind);
        this.#say('KS_JOURNAL_FULL');
        return result;
      case 'failed':
        this.#failed(codeOf(writer.lastError), body.length);
        return result;
      case 'unsynced':
        this.#openFor(codeOf(writer.lastError));
        return 'ok';
      case 'ok':
        this.#full.delete(kind);
        this.#timed(clock.now() - startMs > slowMs, body.length);
        return result;
    }
  }

  #failed(code: string, bytes: number): void {
    if (code !== SLOW) return this.#openFor(code);
    this.#slowBytes = bytes;
    if (this.#open) this.#slowRetryMs = Math.min(MAX_SLOW_RETRY_MS, this.#slowRetryMs * 2);
    this.#openFor(SLOW, this.#slowRetryMs);
  }

  /** One slow write is a busy machine; a slow disk is slow again and again. */
  #timed(slow: boolean, bytes: number): void {
    if (slow) this.#slowBytes = bytes;
    this.#slowInARow = slow ? this.#slowInARow + 1 : 0;
    if (slow && this.#open) this.#slowRetryMs = Math.min(MAX_SLOW_RETRY_MS, this.#slowRetryMs * 2);
    if (this.#slowInARow >= SLOW_WRITES || (slow && this.#open)) this.#openFor(SLOW, this.#slowRetryMs);
    else if (!slow) {
      this.#open = false;
      this.#slowRetryMs = RETRY_AFTER_MS;
    }
    if (this.#open || this.#full.size > 0 || !this.#said) return;
    this.#said = false;
    this.#options.onState('closed', '');
  }

  #openFor(code: string, forMs = RETRY_AFTER_MS): void {
    this.#openUntilMs = this.#options.clock.now() + forMs;
    this.#open = true;
    // Who asks already goes on asking: the answer says what comes next.
    if (this.#awaits !== 'answer') this.#awaits = code === SLOW ? 'probe' : undefined;
    this.#say(code);
  }

  #say(code: string): void {
    if (this.#said) return;
    this.#said = true;
    this.#options.onState('open', code);
  }

  #tooLarge(kind: SignalKind, count: number): 'gone' {
    this.page.add(kind, 'dropped.too_large', count);
    this.page.write();
    return 'gone';
  }

  #hold(record: Omit<HeldRecord, 'id'>): 'memory' | 'gone' {
    const { kept, gone } = this.memory.push(record);
    for (const lost of gone) this.page.add(lost.kind, 'dropped.memory_full', lost.count);
    if (gone.length > 0) this.page.write();
    return kept ? 'memory' : 'gone';
  }
}
