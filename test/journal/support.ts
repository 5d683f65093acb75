import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import type { SignalKind } from '../../src/contracts/signal.ts';
import { listSegments, segmentFile } from '../../src/journal/directory.ts';
import { readRecords, type JournalRecord } from '../../src/journal/reader.ts';
import { nodeDisk, type Disk } from '../../src/journal/segment-writer.ts';
import { JournalWriter, type WriterOptions } from '../../src/journal/writer.ts';
import type { Clock } from '../../src/kernel/clock.ts';

export const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
export const MIB = 1024 * 1024;

export function tempDir(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(privateFolder(), 'journal-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A clock that moves when it is told to. */
export class FakeClock implements Clock {
  ms = 0;
  wallMs = 1_800_000_000_000;

  now(): number {
    return this.ms;
  }

  wall(): number {
    return this.wallMs + this.ms;
  }
}

export function writerIn(directory: string, options: Partial<WriterOptions> = {}): JournalWriter {
  return new JournalWriter({
    directory,
    owner: { service: 'test' },
    maxBytes: 64 * MIB,
    sync: false,
    ...options,
  });
}

/** Every record of a stream, segment after segment. */
export function readStream(writerPath: string, kind: SignalKind): JournalRecord[] {
  return listSegments(writerPath)
    .segments.filter((segment) => segment.kind === kind)
    .flatMap((segment) => readRecords(segmentFile(writerPath, segment), 0, 64 * MIB).records);
}

export const textOf = ({ body, header }: JournalRecord): string =>
  body.toString('utf8', header.preambleBytes);

/** The real disk, with calls that fail when they are told to. */
export class FaultyDisk implements Disk {
  fail: Partial<Record<keyof Disk, string>> = {};
  /** Bytes that it still takes; then a short write, then ENOSPC. */
  freeBytes = Number.POSITIVE_INFINITY;
  readonly calls: string[] = [];

  create(path: string): number {
    this.#check('create');
    return nodeDisk.create(path);
  }

  write(fd: number, buffer: Buffer, length: number, position: number): number {
    this.#check('write');
    if (this.freeBytes <= 0) throw errno('ENOSPC');
    const written = nodeDisk.write(fd, buffer, Math.min(length, this.freeBytes), position);
    this.freeBytes -= written;
    return written;
  }

  sync(fd: number): void {
    this.#check('sync');
    nodeDisk.sync(fd);
  }

  truncate(fd: number, length: number): void {
    this.#check('truncate');
    nodeDisk.truncate(fd, length);
  }

  close(fd: number): void {
    this.#check('close');
    nodeDisk.close(fd);
  }

  #check(call: keyof Disk): void {
    this.calls.push(call);
    const code = this.fail[call];
    if (code !== undefined) throw errno(code);
  }
}

export function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Waits for a condition, at most `timeoutMs` of real time. */
export async function until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`in ${timeoutMs} ms never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Starts a fixture program; it is killed when the test ends. */
export function startFixture(t: TestContext, file: URL, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [file.pathname, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** The next line on a child's stdout. */
export async function nextLine(child: ChildProcess): Promise<string> {
  let text = '';
  while (!text.includes('\n')) {
    const [chunk] = (await once(child.stdout!, 'data', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
    text += chunk.toString();
  }
  return text.trim();
}

export const json = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
