// What the code under test finds in place of Node's file system, timers, clocks and randomness: see subject.ts.
import { constants as fsConstants } from 'node:fs';
import { readProc, readProcLink } from './proc.ts';
import { Killed, thisThread, type Thread } from './machine.ts';
import { folderOf, nameOf, type Files } from './files.ts';

export { thisThread };

const files = (): Files => thisThread().machine.files;

export const constants = fsConstants;
export const openSync = (path: string, flags: number | string): number => files().open(path, flags);
export const closeSync = (fd: number): void => files().close(fd);
export const fdatasyncSync = (fd: number): void => files().sync(fd);
export const ftruncateSync = (fd: number, length: number): void => files().truncate(fd, length);
export const fchmodSync = (): void => void files().enter('change', '');
export const fstatSync = (fd: number): { size: number } => ({ size: files().file(fd).size });
export const unlinkSync = (path: string): void => files().unlink(path);
export const linkSync = (from: string, to: string): void => files().hardLink(from, to);
export const renameSync = (from: string, to: string): void => files().rename(from, to);
export const rmSync = (path: string): void => files().removeFolder(path);
export const utimesSync = (path: string): void => files().touch(path);
export const readlinkSync = (path: string): string => readProcLink(path);
export const realpathSync = (path: string): string => path;
export const existsSync = (path: string): boolean => files().exists(path);
export const mkdirSync = (path: string, options: { recursive?: boolean }): void =>
  files().makeFolder(path, options.recursive === true);
export const readdirSync = (path: string): string[] => files().list(path);
/** `openDirectory` is not part of the simulation: its folder is there already. */
export const chmodSync = (): void => undefined;
export const lstatSync = statSync;

export function writeSync(
  fd: number,
  data: Uint8Array,
  offset = 0,
  length = data.length - offset,
  position?: number | null,
): number {
  return files().write(fd, data.subarray(offset, offset + length), position);
}

export function readSync(
  fd: number,
  target: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  files().enter('read', '');
  const { bytes, size } = files().file(fd);
  const end = Math.min(size, position + length);
  return end <= position ? 0 : bytes.copy(target, offset, position, end);
}

export function readFileSync(path: string, encoding?: BufferEncoding): Buffer | string {
  if (path.startsWith('/proc/')) return readProc(thisThread().machine, path);
  const file = files().readFile(path);
  if (encoding === undefined) return Buffer.from(file.content);
  return encoding === 'utf8' ? file.text : file.content.toString(encoding);
}

export function writeFileSync(
  path: string,
  data: string,
  options?: { flag?: string; flush?: boolean },
): void {
  const flags = options?.flag === 'wx' ? 'wx' : fsConstants.O_CREAT | fsConstants.O_TRUNC;
  writeWhole(path, data, flags, options?.flush === true);
}

function writeWhole(path: string, data: string, flags: number | string, flush: boolean): void {
  const fd = files().open(path, flags);
  try {
    for (let rest = Buffer.from(data); rest.length > 0;) rest = rest.subarray(files().write(fd, rest, null));
    if (flush) files().sync(fd);
  } finally {
    files().close(fd);
  }
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** What libuv's threads would do: at some later moment, in the order of the machine. */
function later<T>(call: () => T, callback: Callback<T>): void {
  const thread = thisThread();
  thread.machine.soon(thread, () => {
    let value: T;
    try {
      value = call();
    } catch (error) {
      if (error instanceof Killed) throw error;
      return callback(error as NodeJS.ErrnoException, undefined as T);
    }
    callback(null, value);
  });
}

export const open = (path: string, flags: number, _mode: number, callback: Callback<number>): void =>
  later(() => openSync(path, flags), callback);
export const close = (fd: number, callback: Callback<void>): void => later(() => closeSync(fd), callback);
export const fdatasync = (fd: number, callback: Callback<void>): void =>
  later(() => fdatasyncSync(fd), callback);
export const unlink = (path: string, callback: Callback<void>): void =>
  later(() => unlinkSync(path), callback);

export function write(
  fd: number,
  data: Uint8Array,
  offset: number,
  length: number,
  position: number,
  callback: Callback<number>,
): void {
  later(() => writeSync(fd, data, offset, length, position), callback);
}

interface Stat {
  readonly size: number;
  readonly mtimeMs: number;
}

export function statSync(path: string, options?: { throwIfNoEntry?: boolean }): Stat | undefined {
  const file = files().stat(path);
  if (file !== undefined) return { size: file.size, mtimeMs: file.mtimeMs };
  if (options?.throwIfNoEntry === false) return undefined;
  throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
}

/** node:path, for the plain absolute paths of the simulation: the real one was a thirtieth of the time. */
export const join = (...parts: readonly string[]): string => parts.join('/');
export const resolve = join;
export const dirname = folderOf;
export const basename = nameOf;

/** node:os */
export const hostname = (): string => 'machine';

/** node:worker_threads */
export const threadId = 0;

/** node:timers/promises */
export const setImmediate = (): Promise<void> => {
  const thread = thisThread();
  return new Promise((resolve) => thread.machine.soon(thread, resolve));
};

interface Timeout {
  id: number;
  unref(): Timeout;
}

function timeout(id: number): Timeout {
  const made: Timeout = { id, unref: () => made };
  return made;
}

export function setTimeout(fn: () => void, ms: number): Timeout {
  const thread = thisThread();
  return timeout(thread.machine.after(thread, ms, fn));
}

export function setInterval(fn: () => void, ms: number): Timeout {
  const thread: Thread = thisThread();
  const made = timeout(0);
  const tick = (): void => {
    made.id = thread.machine.after(thread, ms, tick);
    fn();
  };
  made.id = thread.machine.after(thread, ms, tick);
  return made;
}

export function clearTimeout(made: Timeout | undefined): void {
  if (made !== undefined) thisThread().machine.cancel(made.id);
}

export const clearInterval = clearTimeout;

const RealDate = globalThis.Date;

class SimulatedDate extends RealDate {
  constructor() {
    super(thisThread().machine.wallMs);
  }

  static override now(): number {
    return thisThread().machine.wallMs;
  }
}

export { SimulatedDate as Date };

export const performance = { now: (): number => thisThread().machine.nowMs };

const SimulatedMath = Object.assign(Object.create(globalThis.Math) as typeof globalThis.Math, {
  random: (): number => thisThread().machine.random(),
});

export { SimulatedMath as Math };

export const process = {
  get pid(): number {
    return thisThread().process.pid;
  },
  getuid: (): undefined => undefined,
  kill: (): never => {
    throw new Error(`no process is signalled in ${nameOf(import.meta.url)}`);
  },
};
