import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';

/**
 * What the counter page holds per kind, in the order of the page. `created` is counted at the source,
 * `journaled` at the journal; the rest are signals that ended before they reached it.
 */
export const COUNTERS = [
  'created',
  'journaled',
  'delivered',
  'dropped.invalid',
  'dropped.processor',
  'dropped.discarded',
  'dropped.memory_full',
  'dropped.too_large',
  'lost.unserializable',
  'lost.unreleased',
  'lost.memory',
  'lost.quarantined',
  'lost.expired',
  'lost.miscounted',
  'unobserved',
  'lost.rejected',
  'sampledOut',
] as const;

export type Counter = (typeof COUNTERS)[number];

const SLOTS = 24;
/** Of pages of version 1, which know the counters before `sampledOut`. */
const SLOTS_V1 = 16;
const MAGIC = 0x4b535031;
const VERSION = 2;
const HEADER_BYTES = 64;
const PAGE_BYTES = bytesOfPage(SLOTS);
const CLEAN_OFFSET = 8;
const CHECKSUM_OFFSET = 12;
/** In the header, where versions before it left zeros: three f64. */
const TWICE_OFFSET = 16;
/** Likewise, of `lost.killed` the other way round. */
const RESUMED_OFFSET = 40;

export type CounterValues = Readonly<Record<SignalKind, Readonly<Record<Counter, number>>>>;

/**
 * Counters as a page on disk says them. `lost.killed` is 0 or less: what the seal of an earlier folder of the same
 * writer counted as lost with the process, and lives on here.
 */
export type PageValues = Readonly<Record<Counter | 'lost.killed', number>>;

/** What a page says after its process is gone. */
export interface PageContent {
  readonly values: Readonly<Record<SignalKind, PageValues>>;
  /** Signals that may have reached upstream twice on their way past the journal. */
  readonly maybeTwice: Readonly<Record<SignalKind, number>>;
  /** The process ran its 'exit' handler: what it had not released was then counted as `lost.unreleased`. */
  readonly clean: boolean;
}

/**
 * Counters in one page of a file, written with one pwrite: a SIGKILL after `write()` returns keeps them.
 * Safe without a file (nothing is written): then they last as long as the process.
 */
export class CounterPage {
  readonly #bytes = Buffer.alloc(PAGE_BYTES);
  readonly #slots = new Float64Array(this.#bytes.buffer, this.#bytes.byteOffset + HEADER_BYTES);
  readonly #resumed = new Float64Array(this.#bytes.buffer, this.#bytes.byteOffset + RESUMED_OFFSET, 3);
  #fd: number | undefined;
  #dirty = false;

  /** @throws what the file system throws when the page cannot be made; there must be none yet */
  constructor(file?: string) {
    this.#bytes.writeUInt32LE(MAGIC, 0);
    this.#bytes.writeUInt32LE(VERSION, 4);
    if (file !== undefined) this.moveTo(file);
  }

  /**
   * Goes on in another file. What `settled` counted stays behind; what it took for lost with the process comes along.
   *
   * @param publish makes the file count, once it is written
   * @throws what the file system or `publish` throws; then nothing has changed
   */
  moveTo(file: string, settled?: PageContent, publish: () => void = () => undefined): void {
    const fd = openSync(file, 'wx', 0o600);
    const before = { bytes: Buffer.from(this.#bytes), fd: this.#fd };
    if (settled !== undefined) this.#subtract(settled);
    this.#bytes[CLEAN_OFFSET] = 0;
    this.#fd = fd;
    this.#dirty = true;
    try {
      if (!this.write()) throw Object.assign(new Error(`no room for ${file}`), { code: 'ENOSPC' });
      // Of what the seal took for lost only this page says that it is there again: power loss must not take it alone.
      if (settled !== undefined) fdatasyncSync(fd);
      publish();
    } catch (error) {
      this.#bytes.set(before.bytes);
      this.#fd = before.fd;
      this.#dirty = true;
      closeSync(fd);
      throw error;
    }
    if (before.fd !== undefined) closeSync(before.fd);
  }

  #subtract(settled: PageContent): void {
    const own = this.content();
    for (const kind of SIGNAL_KINDS) {
      const now = own.values[kind];
      const then = settled.values[kind];
      const resumed = unsettled(then) + then['lost.killed'] - now['lost.killed'];
      for (const counter of COUNTERS) this.#slots[slotOf(kind, counter)] = now[counter] - then[counter];
      this.#slots[slotOf(kind, 'created')] = now.created - then.created + resumed;
      this.#slots[slotOf(kind, 'journaled')] = 0;
      this.#resumed[KIND_INDEX[kind]] = resumed;
      const offset = TWICE_OFFSET + KIND_INDEX[kind] * 8;
      this.#bytes.writeDoubleLE(own.maybeTwice[kind] - settled.maybeTwice[kind], offset);
    }
  }

  /** Adds in memory; `write` makes it last. */
  add(kind: SignalKind, counter: Counter, n = 1): void {
    const slot = slotOf(kind, counter);
    this.#slots[slot] = this.#slots[slot]! + n;
    this.#dirty = true;
  }

  /** Signals that waited in memory and may reach upstream twice. `write` makes it last. */
  addMaybeTwice(kind: SignalKind, n: number): void {
    const offset = TWICE_OFFSET + KIND_INDEX[kind] * 8;
    this.#bytes.writeDoubleLE(this.#bytes.readDoubleLE(offset) + n, offset);
    this.#dirty = true;
  }

  get(kind: SignalKind, counter: Counter): number {
    return this.#slots[slotOf(kind, counter)]!;
  }

  /** One pwrite, when anything changed. False when the disk refused: the values stay in memory and are tried again. */
  write(): boolean {
    if (!this.#dirty || this.#fd === undefined) return true;
    this.#bytes.writeUInt32LE(checksumOf(this.#bytes), CHECKSUM_OFFSET);
    try {
      if (writeSync(this.#fd, this.#bytes, 0, PAGE_BYTES, 0) < PAGE_BYTES) return false;
      this.#dirty = false;
      return true;
    } catch {
      return false;
    }
  }

  /** As this process knows them: what came along from an earlier folder was created here. */
  values(): CounterValues {
    return readValues(this.#slots);
  }

  /** As readers of the file know it. */
  content(): PageContent {
    return contentOf(this.#bytes, this.#slots);
  }

  /** Whether the process said that it reached its 'exit' handler. */
  get clean(): boolean {
    return this.#bytes[CLEAN_OFFSET] === 1;
  }

  /** Says that the process reached its 'exit' handler. */
  markClean(): void {
    this.#bytes[CLEAN_OFFSET] = 1;
    this.#dirty = true;
    this.write();
  }

  /** Takes `markClean` back: another 'exit' handler made signals after ours. */
  reopen(): void {
    this.#bytes[CLEAN_OFFSET] = 0;
    this.#dirty = true;
    this.write();
  }

  /** Marks a clean end and closes the file. Later calls count in memory alone. */
  close(): void {
    this.markClean();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** A reader can meet the writer in the middle of its pwrite. */
const READ_TRIES = 3;

/** Reads the page of another process. Undefined when there is none, or none that can be relied on. */
export function readCounterPage(file: string): PageContent | undefined {
  for (let i = 0; i < READ_TRIES; i++) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch {
      return undefined; // No page: its writer is being removed, or power loss took it.
    }
    const content = parsePage(bytes);
    if (content !== undefined) return content;
  }
  return undefined;
}

function bytesOfPage(slotsPerKind: number): number {
  return HEADER_BYTES + SIGNAL_KINDS.length * slotsPerKind * 8;
}

function parsePage(bytes: Buffer): PageContent | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) > VERSION)
    return undefined;
  const perKind = bytes.readUInt32LE(4) === 1 ? SLOTS_V1 : SLOTS;
  const pageBytes = bytesOfPage(perKind);
  if (bytes.length < pageBytes || bytes.readUInt32LE(CHECKSUM_OFFSET) !== checksumOf(bytes, pageBytes))
    return undefined;
  const slots = new Float64Array(SIGNAL_KINDS.length * SLOTS);
  for (let i = 0; i < SIGNAL_KINDS.length * perKind; i++) {
    const value = bytes.readDoubleLE(HEADER_BYTES + i * 8);
    if (!Number.isSafeInteger(value) || value < 0) return undefined;
    slots[Math.floor(i / perKind) * SLOTS + (i % perKind)] = value;
  }
  return contentOf(bytes, slots);
}

function contentOf(bytes: Buffer, slots: Float64Array): PageContent {
  const threeAt = (offset: number): readonly number[] =>
    [0, 8, 16].map((i) => bytes.readDoubleLE(offset + i));
  const [spans = 0, llmSpans = 0, evaluations = 0] = threeAt(TWICE_OFFSET);
  return {
    values: onDisk(readValues(slots), threeAt(RESUMED_OFFSET)),
    maybeTwice: { spans, llmSpans, evaluations },
    clean: bytes[CLEAN_OFFSET] === 1,
  };
}

/** Of what a page counted as created: neither journaled nor ended by any other name. */
function unsettled(values: PageValues): number {
  return values.created - values.journaled - endedIn(values);
}

/** Signals that ended before the journal, by whatever name. */
export function endedIn(values: PageValues): number {
  return COUNTERS.reduce(
    (sum, counter) => (NO_END.has(counter) ? sum : sum + values[counter]),
    values['lost.killed'],
  );
}

const NO_END: ReadonlySet<Counter> = new Set(['created', 'journaled', 'unobserved']);

/** What was resumed is created where it was counted first: here it takes back that it was lost. */
function onDisk(values: CounterValues, resumed: readonly number[]): PageContent['values'] {
  const ofKind = (kind: SignalKind): PageValues => {
    const n = resumed[KIND_INDEX[kind]]!;
    return { ...values[kind], created: values[kind].created - n, 'lost.killed': 0 - n };
  };
  return { spans: ofKind('spans'), llmSpans: ofKind('llmSpans'), evaluations: ofKind('evaluations') };
}

/** CRC-32 of everything but the checksum itself. */
function checksumOf(bytes: Buffer, pageBytes: number = PAGE_BYTES): number {
  return crc32(bytes.subarray(CHECKSUM_OFFSET + 4, pageBytes), crc32(bytes.subarray(0, CHECKSUM_OFFSET)));
}

function readValues(slots: Float64Array): CounterValues {
  const ofKind = (kind: SignalKind) =>
    Object.fromEntries(COUNTERS.map((counter) => [counter, slots[slotOf(kind, counter)]!])) as Record<
      Counter,
      number
    >;
  return { spans: ofKind('spans'), llmSpans: ofKind('llmSpans'), evaluations: ofKind('evaluations') };
}

const KIND_INDEX: Readonly<Record<SignalKind, number>> = { spans: 0, llmSpans: 1, evaluations: 2 };
const COUNTER_INDEX = Object.fromEntries(COUNTERS.map((counter, i) => [counter, i])) as Record<
  Counter,
  number
>;

function slotOf(kind: SignalKind, counter: Counter): number {
  return KIND_INDEX[kind] * SLOTS + COUNTER_INDEX[counter];
}
