import { rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { JobRef, RecallJob } from '../../evaluation/recall/types.ts';
import { readJob } from '../../evaluation/recall/job.ts';
import type { RecordCipher } from '../../journal/cipher.ts';
import { codeOf, listSegments, segmentFile } from '../../journal/directory.ts';
import { unlinkIfThere } from '../../journal/eviction.ts';
import { Flag } from '../../journal/format.ts';
import { readRecords, type JournalRecord } from '../../journal/reader.ts';
import { marksFile, readMarks, type JobPlace } from './marks.ts';

const READ_BYTES = 1024 * 1024;

/** One process's part of the queue, read back: what has no verdict yet, and what of the files can go. */
export class RecallFolder {
  readonly path: string;
  readonly id: string;
  readonly #cipher: RecordCipher | undefined;
  /** Jobs without a verdict. */
  readonly #open = new Map<number, JobPlace>();
  readonly #openIn = new Map<number, number>();
  /** Records that the key at hand does not open. */
  #sealed = 0;
  #jobs = 0;
  #segment = 0;
  #offset = 0;
  #marks: ReturnType<typeof readMarks> = new Map();

  constructor(path: string, cipher: RecordCipher | undefined) {
    this.path = path;
    this.id = basename(path);
    this.#cipher = cipher;
  }

  /** Jobs whose verdict is out, and those that this process cannot read. */
  get open(): number {
    return this.#open.size + this.#sealed;
  }

  get sealed(): number {
    return this.#sealed;
  }

  /** Jobs it ever held, as far as it was read. */
  get jobs(): number {
    return this.#jobs;
  }

  place(number: number): JobPlace | undefined {
    return this.#open.get(number);
  }

  /**
   * Jobs that were added since the last time, at most about `max` of them.
   *
   * @throws what the file system throws
   */
  poll(max: number): JobRef[] {
    const refs: JobRef[] = [];
    const segments = this.#segments();
    for (const segment of segments) {
      if (segment < this.#segment) continue;
      if (segment > this.#segment) this.#enter(segment);
      while (refs.length < max) {
        const read = readRecords(this.#file(segment), this.#offset, READ_BYTES);
        for (const record of read.records) this.#take(record, refs);
        this.#offset = read.nextOffset;
        if (read.atEnd) break;
      }
      if (refs.length >= max) break;
    }
    return refs;
  }

  /** The verdict on a job is out. */
  forget(number: number): void {
    const place = this.#open.get(number);
    if (place === undefined) return;
    this.#open.delete(number);
    this.#openIn.set(place.segment, this.#openIn.get(place.segment)! - 1);
  }

  /**
   * Removes segments that hold no job without a verdict; the one that is being written stays.
   *
   * @returns bytes that were freed
   */
  clean(): number {
    let freed = 0;
    for (const segment of this.#segments().slice(0, -1)) {
      if (segment >= this.#segment || (this.#openIn.get(segment) ?? 0) > 0) continue;
      const file = this.#file(segment);
      freed += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      unlinkIfThere(file);
      unlinkIfThere(marksFile(this.path, segment));
      this.#openIn.delete(segment);
    }
    return freed;
  }

  /**
   * Removes the folder of a process that is gone.
   *
   * @returns bytes that were freed
   */
  remove(): number {
    const bytes = this.#segments().reduce(
      (sum, segment) => sum + (statSync(this.#file(segment), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    rmSync(this.path, { recursive: true, force: true });
    return bytes;
  }

  #take(record: JournalRecord, refs: JobRef[]): void {
    const { before: number, timeMs } = record.header;
    this.#jobs = number + 1;
    const stage = this.#marks.get(number) ?? 'queued';
    if (stage === 'done' || stage === 'dropped') return;
    const plain = this.#open_(record);
    if (plain === undefined) {
      // Held for whoever has the key: what cannot be read here must not be given up here.
      this.#sealed += 1;
      this.#openIn.set(this.#segment, (this.#openIn.get(this.#segment) ?? 0) + 1);
      return;
    }
    const place = { segment: this.#segment, number };
    this.#open.set(number, place);
    this.#openIn.set(this.#segment, (this.#openIn.get(this.#segment) ?? 0) + 1);
    const judge = plain.toString('utf8', 0, record.header.preambleBytes);
    const { startOffset, endOffset } = record;
    const file = this.#file(this.#segment);
    refs.push({
      key: `${this.id}.${number}`,
      stage,
      judge,
      timeMs,
      durable: true,
      load: () => this.#load(file, startOffset, endOffset - startOffset),
    });
  }

  #load(file: string, offset: number, bytes: number): RecallJob | undefined {
    try {
      const [record] = readRecords(file, offset, bytes).records;
      const plain = record?.startOffset === offset ? this.#open_(record) : undefined;
      return plain === undefined ? undefined : readJob(plain.subarray(record!.header.preambleBytes));
    } catch (error) {
      // Gone, or a disk that fails: it counts as unreadable.
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #open_({ header, headerBytes, body }: JournalRecord): Buffer | undefined {
    return (header.flags & Flag.sealed) === 0 ? body : this.#cipher?.open(headerBytes, body);
  }

  #enter(segment: number): void {
    this.#segment = segment;
    this.#offset = 0;
    this.#marks = readMarks(this.path, segment);
  }

  #segments(): number[] {
    return listSegments(this.path).segments.map(({ number }) => number);
  }

  #file(number: number): string {
    return segmentFile(this.path, { kind: 'evaluations', number });
  }
}
