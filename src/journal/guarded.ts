import type { Clock } from '../kernel/clock.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { CounterPage } from './counters.ts';
import { codeOf } from './directory.ts';
import { MemoryQueue, type HeldRecord } from './memory.ts';
import type { AppendResult } from './writer.ts';

/** What the guard needs of a journal writer. */
export interface Appender {
  readonly page: CounterPage;
  readonly lastError: unknown;
  append(kind: SignalKind, body: string | Uint8Array, count: number, flags?: number, preamble?: string): AppendResult;
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
  /** Called once whenever the breaker opens (`code` of the error, or `SLOW`) and when it closes again. */
  readonly onState: (state: 'open' | 'closed', code: string) => void;
}

const NONE: ReadonlySet<number> = new Set();

/** So many slow writes in a row are the disk's doing. */
const SLOW_WRITES = 3;

/** How long the breaker stays open before the disk is tried again. */
export const RETRY_AFTER_MS = 1000;

/**
 * The journal behind a breaker (law L5): when the disk is full, read-only, failing or slow, records wait in
 * bounded memory; the disk is tried again each second, by one record. Never throws.
 */
export class GuardedJournal {
  readonly page: CounterPage;
  readonly memory: MemoryQueue;
  readonly #options: GuardOptions;
  #openUntilMs = Number.NEGATIVE_INFINITY;
  #open = false;
  #slowInARow = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.page = options.writer?.page ?? new CounterPage();
    this.memory = new MemoryQueue(options.maxMemoryBytes);
  }

  /** False while records go to memory. */
  get onDisk(): boolean {
    return this.#options.writer !== undefined && !this.#open;
  }

  /** @returns `disk`, `memory`, or `gone` when it could not be kept (counted by reason) */
  take(kind: SignalKind, body: string | Uint8Array, count: number, flags: number, preamble: string): 'disk' | 'memory' | 'gone' {
    const { writer, clock } = this.#options;
    if (writer !== undefined && (!this.#open || clock.now() >= this.#openUntilMs)) {
      const result = this.#tryDisk(writer, kind, body, count, flags, preamble);
      if (result === 'ok') {
        this.#closeUnlessSlow();
        return 'disk';
      }
      if (result === 'too_large') {
        this.page.add(kind, 'dropped.too_large', count);
        this.page.write();
        return 'gone';
      }
    }
    return this.#hold({ kind, body, count, flags, preamble, timeMs: clock.wall() });
  }

  /**
   * Tries the disk for what waits in memory; for a timer, and for the end of the process.
   *
   * @param except ids of records that somebody else is delivering
   */
  drain(except: ReadonlySet<number> = NONE): void {
    const { writer, clock } = this.#options;
    if (writer === undefined || this.memory.size === 0) return;
    for (const record of [...this.memory]) {
      if (except.has(record.id)) continue;
      const result = this.#tryDisk(writer, record.kind, record.body, record.count, record.flags, record.preamble);
      if (result !== 'ok') {
        this.#openUntilMs = clock.now() + RETRY_AFTER_MS;
        return;
      }
      this.memory.remove(record.id);
    }
    this.#closeUnlessSlow();
  }

  /**
   * For the 'exit' handler: a last try at the disk; what memory still holds is lost with the process, and counted.
   * The files stay open, for other handlers may still make signals.
   */
  conclude(): void {
    this.drain();
    for (const record of [...this.memory]) {
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

  #tryDisk(writer: Appender, kind: SignalKind, body: string | Uint8Array, count: number, flags: number, preamble: string): AppendResult {
    const { clock, slowMs } = this.#options;
    const startMs = clock.now();
    const result = writer.append(kind, body, count, flags, preamble);
    if (result === 'failed') this.#openFor(codeOf(writer.lastError));
    if (result !== 'ok') return result;
    // One slow write is a busy machine; a slow disk is slow again and again.
    this.#slowInARow = clock.now() - startMs > slowMs ? this.#slowInARow + 1 : 0;
    if (this.#slowInARow >= SLOW_WRITES) this.#openFor('SLOW');
    return result;
  }

  #openFor(code: string): void {
    this.#openUntilMs = this.#options.clock.now() + RETRY_AFTER_MS;
    if (this.#open) return;
    this.#open = true;
    this.#options.onState('open', code);
  }

  #closeUnlessSlow(): void {
    if (!this.#open || this.#slowInARow > 0) return;
    this.#open = false;
    this.#options.onState('closed', '');
  }

  #hold(record: Omit<HeldRecord, 'id'>): 'memory' | 'gone' {
    const { kept, gone } = this.memory.push(record);
    for (const lost of gone) this.page.add(lost.kind, 'dropped.memory_full', lost.count);
    if (gone.length > 0) this.page.write();
    return kept ? 'memory' : 'gone';
  }
}
