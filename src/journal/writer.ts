import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { SignalKind } from '../contracts/signal.ts';
import { systemClock, type Clock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { NONCE_BYTES, RecordCipher, SEAL_BYTES } from './cipher.ts';
import { CounterPage, type PageContent } from './counters.ts';
import { Names } from './directory.ts';
import { Flag, HEADER_BYTES, MAX_BODY_BYTES, MAX_COUNT, sealRecord, writeHeader } from './format.ts';
import { ownIdentity } from './identity.ts';
import type { HeldRecord } from './memory.ts';
import type { Cursor } from './outcomes.ts';
import { Room } from './room.ts';
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
  /** 32 bytes: bodies are encrypted at rest. */
  readonly key?: Uint8Array | undefined;
  readonly clock?: Clock;
  readonly disk?: Disk;
  /** A large record that the disk has not taken by then is given up; default: never. */
  readonly maxAppendMs?: number | undefined;
  readonly random?: () => number;
  /** Counts that go on in the new folder; default: none so far. */
  readonly page?: CounterPage;
  /** Of these counts, what an earlier folder keeps. */
  readonly settled?: PageContent | undefined;
}

/**
 * What happened to one record. `unsynced`: it survives the process, but the disk refused to make it survive power loss.
 * `full`: nothing less important is left to give up for it. `failed`: the disk refused. These two leave it with the
 * caller, who keeps it in bounded memory. `too_large`: it can never be kept.
 */
export type AppendResult = 'ok' | 'unsynced' | 'too_large' | 'full' | 'failed';

const SCRATCH_BYTES = 256 * 1024;
/** Bodies up to here are built where the last one was: fresh memory costs more than all the rest (page faults). */
const MAX_SCRATCH_BYTES = 8 * 1024 * 1024;
const MAX_PREAMBLE_BYTES = 0xffff;

/**
 * Appends records for one thread of one process. Synchronous: when `append` says `ok` the record is in the
 * kernel's hands and survives a SIGKILL. Never throws.
 */
export class JournalWriter {
  readonly path: string;
  readonly page: CounterPage;
  readonly #maxBytes: number;
  readonly #sync: boolean;
  readonly #maxAppendMs: number | undefined;
  readonly #clock: Clock;
  readonly #cipher: RecordCipher | undefined;
  readonly #streams: Readonly<Record<SignalKind, SegmentWriter>>;
  readonly #room: Room;
  #scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #lastError: unknown;
  /** Where the last record begins that was written. */
  lastRecord = { segment: 0, offset: 0 };

  /** @throws what the file system throws when the writer's folder cannot be made */
  constructor(options: WriterOptions) {
    const {
      directory,
      maxBytes,
      sync,
      key,
      clock = systemClock,
      disk = nodeDisk,
      random = Math.random,
      page = new CounterPage(),
      settled,
    } = options;
    this.#maxBytes = maxBytes;
    this.#sync = sync;
    this.#maxAppendMs = options.maxAppendMs;
    this.#clock = clock;
    this.#cipher = key === undefined ? undefined : new RecordCipher(key);
    const segmentBytes = Math.max(64 * 1024, Math.min(8 * 1024 * 1024, Math.floor(maxBytes / 16)));
    const identity = ownIdentity();
    const unique = Math.floor(random() * 0x1_0000_0000).toString(36);
    const name = `${Names.writerPrefix}${Math.floor(clock.wall()).toString(36)}-${identity.pid}-${threadId}-${unique}`;
    this.path = join(directory, name);
    const stream = (kind: SignalKind) => new SegmentWriter(disk, this.path, kind, segmentBytes, clock);
    this.#streams = {
      spans: stream('spans'),
      llmSpans: stream('llmSpans'),
      evaluations: stream('evaluations'),
    };
    this.page = page;
    this.#room = new Room({ directory, ownPath: this.path, maxBytes, clock, streams: this.#streams });
    const draft = join(directory, `.${name}`);
    try {
      mkdirSync(draft, { mode: 0o700 });
      const owner = JSON.stringify({ ...options.owner, ...identity });
      writeFileSync(join(draft, Names.owner), owner, { mode: 0o600 });
      // Whoever looks for writers sees a folder only with everything in it, and the page moves only when it is there.
      page.moveTo(join(draft, Names.counters), settled, () => renameSync(draft, this.path));
    } catch (error) {
      removeDraft(draft);
      throw error;
    }
  }

  /** Why the last `append` did not say `ok`. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * @param body text (written as UTF-8) or bytes
   * @param count signals in it
   * @param preamble JSON in front of the body, at most 65,535 bytes
   * @param timeMs wall-clock ms when it came into custody: earlier than now when it waited in memory
   */
  append(
    kind: SignalKind,
    body: string | Uint8Array,
    count: number,
    flags = 0,
    preamble = '',
    timeMs = this.#clock.wall(),
  ): AppendResult {
    try {
      const record = this.#build({ kind, body, count, flags, preamble, timeMs });
      return record === undefined ? 'too_large' : this.#write(kind, record.buffer, record.length, count);
    } catch (error) {
      this.#lastError = error;
      return 'failed';
    }
  }

  /** Where a stream ends, by this writer's own count. */
  end(kind: SignalKind): Cursor {
    return { ...this.#streams[kind].end, signals: this.page.get(kind, 'journaled') };
  }

  /** Closes the files of a folder that its counts have left. */
  abandon(): void {
    for (const kind of SIGNAL_KINDS) this.#streams[kind].close();
  }

  /** Marks a clean end. The journal stays for whoever delivers it. */
  close(): void {
    this.abandon();
    this.page.close();
  }

  /** Undefined when it is more than a record can be. */
  #build({ kind, body, count, flags, preamble, timeMs }: Omit<HeldRecord, 'id'>) {
    const sealBytes = this.#cipher === undefined ? 0 : SEAL_BYTES;
    const most =
      HEADER_BYTES +
      sealBytes +
      preamble.length * 3 +
      (typeof body === 'string' ? body.length * 3 : body.length);
    // Three bytes a UTF-16 unit at most: only what may be too large is measured.
    const room =
      most <= SCRATCH_BYTES
        ? most
        : HEADER_BYTES + sealBytes + Buffer.byteLength(preamble) + Buffer.byteLength(body);
    if (room - HEADER_BYTES > MAX_BODY_BYTES || room > this.#maxBytes || !(count >= 0 && count <= MAX_COUNT))
      return undefined;
    const buffer = this.#buffer(room);
    const start = HEADER_BYTES + (this.#cipher === undefined ? 0 : NONCE_BYTES);
    const preambleBytes = preamble === '' ? 0 : buffer.write(preamble, start);
    if (preambleBytes > MAX_PREAMBLE_BYTES) return undefined;
    const bodyStart = start + preambleBytes;
    const plainBytes =
      preambleBytes +
      (typeof body === 'string' ? buffer.write(body, bodyStart) : copy(body, buffer, bodyStart));
    const bodyBytes = plainBytes + sealBytes;
    const before = this.page.get(kind, 'journaled');
    const sealedFlag = this.#cipher === undefined ? 0 : Flag.sealed;
    writeHeader(buffer, {
      kind,
      flags: flags | sealedFlag,
      count,
      before,
      timeMs,
      preambleBytes,
      bodyBytes,
    });
    this.#cipher?.sealInPlace(buffer, plainBytes);
    return { buffer, length: sealRecord(buffer, bodyBytes) };
  }

  #write(kind: SignalKind, buffer: Buffer, length: number, count: number): AppendResult {
    const stream = this.#streams[kind];
    if (!this.#room.has(kind, length, stream.rotatesFor(length))) return 'full';
    if (this.page.clean) this.page.reopen();
    stream.append(buffer, length, this.#maxAppendMs);
    const { segment, offset } = stream.end;
    this.lastRecord = { segment, offset: offset - length };
    this.#room.used(kind, length, this.page.get(kind, 'journaled'), count);
    this.page.add(kind, 'journaled', count);
    if (!this.#sync) return 'ok';
    try {
      stream.sync();
      return 'ok';
    } catch (error) {
      // Readers may have it already: it cannot be taken back, only not be relied on.
      this.#lastError = error;
      return 'unsynced';
    }
  }

  #buffer(bytes: number): Buffer {
    if (bytes <= this.#scratch.length) return this.#scratch;
    // One very large body must not pin its size for ever.
    if (bytes > MAX_SCRATCH_BYTES) return Buffer.allocUnsafeSlow(bytes);
    let size = this.#scratch.length;
    while (size < bytes) size *= 2;
    this.#scratch = Buffer.allocUnsafeSlow(size);
    return this.#scratch;
  }
}

function copy(body: Uint8Array, target: Buffer, start: number): number {
  target.set(body, start);
  return body.length;
}

function removeDraft(draft: string): void {
  try {
    rmSync(draft, { recursive: true, force: true });
  } catch {
    return; // The disk refuses that as well; nobody reads what is hidden.
  }
}
