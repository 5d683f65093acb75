import { mkdirSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { SignalKind } from '../contracts/signal.ts';
import { systemClock, type Clock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { CounterPage } from './counters.ts';
import { evictedFile, listSegments, listWriters, Names, segmentFile, type SegmentName } from './directory.ts';
import { HEADER_BYTES, MAX_BODY_BYTES, sealRecord } from './format.ts';
import { ownIdentity } from './identity.ts';
import { nodeDisk, SegmentWriter, type Disk } from './segment-writer.ts';

export interface WriterOptions {
  /** Journal directory, as `openDirectory` returned it. */
  readonly directory: string;
  /** What `owner.json` adds to the identity: service, versions, host of delivery. */
  readonly owner: Readonly<Record<string, string>>;
  /** Bound on all segments of the directory. */
  readonly maxBytes: number;
  /** fdatasync after every record. */
  readonly sync: boolean;
  readonly clock?: Clock;
  readonly disk?: Disk;
}

/** What happened to one record. `failed` leaves it with the caller, who keeps it in bounded memory. */
export type AppendResult = 'ok' | 'too_large' | 'failed';

/** What an eviction marker says: the signals the segment held, and how many its stream held before them. */
export interface Evicted {
  readonly before: number;
  readonly count: number;
}

const SCRATCH_BYTES = 256 * 1024;
const MAX_SCRATCH_BYTES = 4 * 1024 * 1024;
const MAX_PREAMBLE_BYTES = 0xffff;

/**
 * Appends records for one thread of one process. Synchronous: when `append` says `ok` the record is in the
 * kernel's hands and survives a SIGKILL. Never throws.
 */
export class JournalWriter {
  readonly path: string;
  readonly page: CounterPage;
  readonly #options: WriterOptions;
  readonly #clock: Clock;
  readonly #streams: Readonly<Record<SignalKind, SegmentWriter>>;
  readonly #segmentSpans = new Map<string, Evicted>();
  readonly #segmentBytes: number;
  #scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #usedBytes = 0;
  #lastError: unknown;

  /** @throws what the file system throws when the writer's folder cannot be made */
  constructor(options: WriterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#segmentBytes = Math.max(64 * 1024, Math.min(8 * 1024 * 1024, Math.floor(options.maxBytes / 16)));
    this.path = createWriterFolder(options, this.#clock);
    this.page = new CounterPage(join(this.path, Names.counters));
    const disk = options.disk ?? nodeDisk;
    const stream = (kind: SignalKind) => new SegmentWriter(disk, this.path, { kind, number: 1 }, this.#segmentBytes);
    this.#streams = { spans: stream('spans'), llmSpans: stream('llmSpans'), evaluations: stream('evaluations') };
    this.#usedBytes = directoryBytes(options.directory);
  }

  /** Why the last `append` said `failed`. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * @param body text (written as UTF-8) or bytes
   * @param count signals in it
   * @param preamble JSON in front of the body, at most 65,535 bytes
   */
  append(kind: SignalKind, body: string | Uint8Array, count: number, flags = 0, preamble = ''): AppendResult {
    const bodyLimit = typeof body === 'string' ? body.length * 3 : body.length;
    const limit = preamble.length * 3 + bodyLimit;
    if (bodyLimit > MAX_BODY_BYTES && Buffer.byteLength(body) > MAX_BODY_BYTES) return 'too_large';
    const buffer = this.#room(HEADER_BYTES + limit);
    const preambleBytes = preamble === '' ? 0 : buffer.write(preamble, HEADER_BYTES);
    if (preambleBytes > MAX_PREAMBLE_BYTES) return 'too_large';
    const start = HEADER_BYTES + preambleBytes;
    const bodyBytes = preambleBytes + (typeof body === 'string' ? buffer.write(body, start) : copy(body, buffer, start));
    const length = sealRecord(buffer, {
      kind,
      flags,
      count,
      before: this.page.get(kind, 'journaled'),
      timeMs: this.#clock.wall(),
      preambleBytes,
      bodyBytes,
    });
    try {
      this.#write(kind, buffer, length, count);
    } catch (error) {
      this.#lastError = error;
      return 'failed';
    }
    this.page.add(kind, 'journaled', count);
    return 'ok';
  }

  /** Marks a clean end. The journal stays for whoever delivers it. */
  close(): void {
    for (const kind of SIGNAL_KINDS) this.#streams[kind].close();
    this.page.close();
  }

  #write(kind: SignalKind, buffer: Buffer, length: number, count: number): void {
    const stream = this.#streams[kind];
    if (stream.rotatesFor(length)) this.#usedBytes = directoryBytes(this.#options.directory);
    if (this.#usedBytes + length > this.#options.maxBytes) this.#makeRoom(kind, length);
    stream.append(buffer, length, this.#options.sync);
    this.#usedBytes += length;
    const file = segmentFile(this.path, stream.current!);
    const held = this.#segmentSpans.get(file) ?? { before: this.page.get(kind, 'journaled'), count: 0 };
    this.#segmentSpans.set(file, { before: held.before, count: held.count + count });
  }

  /**
   * Law L5: the oldest segment of the least important kind goes, until the record fits. A record is never
   * kept by giving up something more important than itself.
   */
  #makeRoom(kind: SignalKind, length: number): void {
    this.#usedBytes = directoryBytes(this.#options.directory);
    const rank = SIGNAL_KINDS.indexOf(kind);
    for (const candidate of SIGNAL_KINDS.slice(0, rank + 1)) {
      while (this.#usedBytes + length > this.#options.maxBytes) {
        const oldest = listSegments(this.path).segments.find((s) => s.kind === candidate && !this.#isOpen(s));
        if (oldest === undefined) break;
        this.#evict(oldest);
        this.#usedBytes = directoryBytes(this.#options.directory);
      }
    }
    if (this.#usedBytes + length > this.#options.maxBytes) {
      throw Object.assign(new Error('journal is full'), { code: 'KS_JOURNAL_FULL' });
    }
  }

  #isOpen(segment: SegmentName): boolean {
    return this.#streams[segment.kind].current?.number === segment.number;
  }

  /** The marker first, whole by rename: a crash in between leaves both, and the reader believes the marker. */
  #evict(segment: SegmentName): void {
    const file = segmentFile(this.path, segment);
    const marker = evictedFile(this.path, segment);
    const held: Evicted = this.#segmentSpans.get(file)!;
    writeFileSync(`${marker}.tmp`, JSON.stringify(held), { mode: 0o600 });
    renameSync(`${marker}.tmp`, marker);
    this.#segmentSpans.delete(file);
    try {
      unlinkSync(file);
    } catch (error) {
      // The deliverer finished with it and removed it first: then there is nothing to give up.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #room(bytes: number): Buffer {
    if (bytes <= this.#scratch.length) return this.#scratch;
    const larger = Buffer.allocUnsafeSlow(bytes);
    // One very large body must not pin its size for ever.
    if (bytes <= MAX_SCRATCH_BYTES) this.#scratch = larger;
    return larger;
  }
}

function copy(body: Uint8Array, target: Buffer, start: number): number {
  target.set(body, start);
  return body.length;
}

function createWriterFolder(options: WriterOptions, clock: Clock): string {
  const identity = ownIdentity();
  const unique = Math.floor(Math.random() * 0x1_0000_0000).toString(36);
  const name = `${Names.writerPrefix}${Math.floor(clock.wall()).toString(36)}-${identity.pid}-${threadId}-${unique}`;
  const path = join(options.directory, name);
  const draft = join(options.directory, `.${name}`);
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(join(draft, Names.owner), JSON.stringify({ ...identity, ...options.owner }), { mode: 0o600 });
  renameSync(draft, path); // Whoever looks for writers sees a folder only with its owner in it.
  return path;
}

/** Bytes of all segments below a journal directory. */
export function directoryBytes(directory: string): number {
  let total = 0;
  for (const writer of listWriters(directory)) {
    let names: string[];
    try {
      names = readdirSync(writer);
    } catch {
      continue; // Removed by its deliverer while we looked.
    }
    for (const name of names) {
      if (!name.endsWith('.seg')) continue;
      total += statSync(join(writer, name), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return total;
}
