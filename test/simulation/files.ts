import { constants } from 'node:fs';
import { errno, type Access } from './disk-faults.ts';
import { Killed, type Machine, type Process, type Thread } from './machine.ts';

/** A file; names are links to it. */
export class File {
  bytes = Buffer.alloc(0);
  size = 0;
  mtimeMs = 0;
  /** What the last sync made last through power loss; undefined: nothing. */
  synced: Buffer | undefined;

  get content(): Buffer {
    return this.bytes.subarray(0, this.size);
  }

  /** As UTF-8; the same string until something changes. */
  get text(): string {
    this.#text ??= this.bytes.toString('utf8', 0, this.size);
    return this.#text;
  }

  #text: string | undefined;

  /** After a change of `bytes` or `size` from outside. */
  changed(): void {
    this.#text = undefined;
  }

  shrink(length: number): void {
    this.changed();
    this.size = Math.min(this.size, length);
  }

  put(data: Uint8Array, position: number): void {
    this.changed();
    const end = position + data.length;
    if (end > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.bytes.length * 2, 256));
      this.bytes.copy(larger, 0, 0, this.size);
      this.bytes = larger;
    }
    if (position > this.size) this.bytes.fill(0, this.size, position);
    this.bytes.set(data, position);
    this.size = Math.max(this.size, end);
  }
}

export type Folder = Map<string, File>;

/** What the oracle sees of the disk, beside the code under test. */
export interface FileObserver {
  /** `data` was given, `taken` bytes of it were written. */
  wrote(thread: Thread, path: string, file: File, data: Uint8Array, position: number, taken: number): void;
  /** A write was refused whole. */
  refused(path: string): void;
  renamed(thread: Thread, from: string, to: string): void;
  unlinked(thread: Thread, path: string, file: File): void;
}

interface Open {
  readonly file: File;
  readonly path: string;
  readonly append: boolean;
}

const PAGE_BYTES = 4096;

/** Folders by path and files in them: as much of a file system as a journal uses, two levels deep. */
export class Files {
  readonly folders = new Map<string, Folder>();
  readonly processes = new Map<number, Process>();
  /** How to take back what happened to names since the last sync, newest last. */
  readonly undo: (() => void)[] = [];
  readonly #machine: Machine;
  readonly #observer: FileObserver;
  readonly #open = new Map<number, Open>();

  constructor(machine: Machine, observer: FileObserver) {
    this.#machine = machine;
    this.#observer = observer;
  }

  enter(access: Access, path: string): Thread {
    const thread = this.#machine.enter();
    if (thread.role !== 'observer') this.#machine.disk.check(access, path);
    return thread;
  }

  open(path: string, flags: number | string, access?: Access): number {
    const bits =
      typeof flags === 'number'
        ? flags
        : flags === 'wx'
          ? constants.O_CREAT | constants.O_EXCL | constants.O_RDWR
          : 0;
    const creates = (bits & constants.O_CREAT) !== 0;
    this.enter(access ?? (creates ? 'grow' : 'read'), path);
    const folder = this.folder(path);
    let file = folder.get(nameOf(path));
    if (file === undefined) {
      if (!creates) throw errno('ENOENT', path);
      file = new File();
      this.link(path, file);
    } else if ((bits & constants.O_EXCL) !== 0) throw errno('EEXIST', path);
    else if ((bits & constants.O_TRUNC) !== 0) file.shrink(0);
    if (creates) file.mtimeMs = this.#machine.wallMs;
    const fd = this.#machine.id;
    this.#open.set(fd, { file, path, append: (bits & constants.O_APPEND) !== 0 });
    return fd;
  }

  /** Never fails, and frees the descriptor of a dead thread too: the kernel does. */
  close(fd: number): void {
    this.#open.delete(fd);
  }

  file(fd: number): File {
    const open = this.#open.get(fd);
    if (open === undefined) throw errno('EBADF', String(fd));
    return open.file;
  }

  write(fd: number, data: Uint8Array, position: number | null | undefined): number {
    const open = this.#open.get(fd);
    if (open === undefined) throw errno('EBADF', String(fd));
    const at = open.append || position == null ? open.file.size : position;
    let thread: Thread;
    try {
      thread = this.enter(at + data.length > open.file.size ? 'grow' : 'change', open.path);
    } catch (error) {
      if (!(error instanceof Killed)) this.#observer.refused(open.path);
      else if (error.message === 'killed') this.#torn(open, data, at);
      throw error;
    }
    // What stands in the file already is written over in place: there is nothing to run out of.
    const taken = at + data.length > open.file.size ? this.#machine.disk.taken(data.length) : data.length;
    this.#put(thread, open, data, at, taken);
    return taken;
  }

  /** A kill in the middle of a write leaves whole pages of it. */
  #torn(open: Open, data: Uint8Array, at: number): void {
    const pages = Math.floor((at + data.length) / PAGE_BYTES) - Math.floor(at / PAGE_BYTES);
    if (pages === 0 || this.#machine.random() < 0.5) return;
    const end = (Math.floor(at / PAGE_BYTES) + 1 + this.#machine.below(pages)) * PAGE_BYTES;
    open.file.put(data.subarray(0, end - at), at);
  }

  #put(thread: Thread, { file, path }: Open, data: Uint8Array, at: number, taken: number): void {
    file.put(data.subarray(0, taken), at);
    file.mtimeMs = this.#machine.wallMs;
    this.#observer.wrote(thread, path, file, data, at, taken);
  }

  sync(fd: number): void {
    const { file, path } = this.#open.get(fd)!;
    this.enter('change', path);
    file.synced = Buffer.from(file.content);
    this.undo.length = 0; // The journal of the file system commits in order.
  }

  truncate(fd: number, length: number): void {
    const { file, path } = this.#open.get(fd)!;
    this.enter('change', path);
    file.shrink(length);
  }

  readFile(path: string): File {
    this.enter('read', path);
    return this.#existing(path);
  }

  stat(path: string): File | undefined {
    this.enter('read', path);
    return this.folders.get(folderOf(path))?.get(nameOf(path));
  }

  exists(path: string): boolean {
    this.#machine.enter();
    return this.folders.has(path) || this.folders.get(folderOf(path))?.has(nameOf(path)) === true;
  }

  list(path: string): string[] {
    this.enter('read', path);
    const folder = this.folders.get(path);
    if (folder === undefined) throw errno('ENOENT', path);
    const names = [...folder.keys()];
    for (const other of this.folders.keys()) if (folderOf(other) === path) names.push(nameOf(other));
    return names;
  }

  makeFolder(path: string, recursive: boolean): void {
    this.enter('grow', path);
    if (this.folders.has(path)) {
      if (recursive) return;
      throw errno('EEXIST', path);
    }
    this.folders.set(path, new Map());
    this.undo.push(() => this.folders.delete(path));
  }

  rename(from: string, to: string): void {
    const thread = this.enter('change', from);
    const folder = this.folders.get(from);
    if (folder !== undefined) {
      this.folders.delete(from);
      this.folders.set(to, folder);
      this.undo.push(() => {
        this.folders.delete(to);
        this.folders.set(from, folder);
      });
      this.#observer.renamed(thread, from, to);
      return;
    }
    const file = this.#existing(from);
    this.unlinkName(from);
    this.link(to, file);
    this.#observer.renamed(thread, from, to);
  }

  hardLink(from: string, to: string): void {
    this.enter('grow', to);
    const file = this.#existing(from);
    if (this.folder(to).has(nameOf(to))) throw errno('EEXIST', to);
    this.link(to, file);
  }

  unlink(path: string): void {
    const thread = this.enter('remove', path);
    const file = this.#existing(path);
    this.unlinkName(path);
    this.#observer.unlinked(thread, path, file);
  }

  /** One file after another, in whatever order the file system has them. */
  removeFolder(path: string): void {
    const folder = this.folders.get(path);
    if (folder === undefined) return;
    while (folder.size > 0) {
      const names = [...folder.keys()];
      this.unlink(`${path}/${names[this.#machine.below(names.length)]!}`);
    }
    this.enter('remove', path);
    this.folders.delete(path);
    this.undo.push(() => this.folders.set(path, folder));
  }

  touch(path: string): void {
    this.enter('change', path);
    this.#existing(path).mtimeMs = this.#machine.wallMs;
  }

  folder(path: string): Folder {
    const folder = this.folders.get(folderOf(path));
    if (folder === undefined) throw errno('ENOENT', path);
    return folder;
  }

  link(path: string, file: File): void {
    const folder = this.folder(path);
    const before = folder.get(nameOf(path));
    folder.set(nameOf(path), file);
    this.undo.push(() =>
      before === undefined ? folder.delete(nameOf(path)) : folder.set(nameOf(path), before),
    );
  }

  unlinkName(path: string): void {
    const folder = this.folder(path);
    const file = folder.get(nameOf(path))!;
    folder.delete(nameOf(path));
    this.undo.push(() => folder.set(nameOf(path), file));
  }

  #existing(path: string): File {
    const file = this.folder(path).get(nameOf(path));
    if (file === undefined) throw errno('ENOENT', path);
    return file;
  }
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
