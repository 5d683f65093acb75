import { AsyncLocalStorage } from 'node:async_hooks';
import { DiskFaults } from './disk-faults.ts';
import { Files, type FileObserver } from './files.ts';
import { seeded } from '../support/seeded.ts';

/** Thrown at every call below the code under test, once its thread is dead. */
export class Killed extends Error {
  readonly code = 'KILLED';
}

/** A process of the simulated machine. */
export interface Process {
  readonly pid: number;
  readonly startTicks: number;
  readonly namespace: string;
  readonly threads: Set<Thread>;
}

/** A thread; whatever runs inside it sees the machine through it. */
export interface Thread {
  readonly machine: Machine;
  readonly process: Process;
  readonly tid: number;
  readonly role: 'main' | 'deliverer' | 'observer';
  alive: boolean;
  paused: boolean;
  /** Calls that it may still make before its process is killed; infinite when nobody aims at it. */
  callsLeft: number;
}

interface Event {
  readonly thread: Thread;
  readonly run: () => void;
}

interface Timer extends Event {
  readonly id: number;
  readonly atMs: number;
}

const here = new AsyncLocalStorage<Thread>();

/** The thread that runs now. */
export function thisThread(): Thread {
  const thread = here.getStore();
  if (thread === undefined) throw new Error('the code under test ran outside of the simulation');
  return thread;
}

/**
 * One machine: files, processes, two clocks and everything that waits. Nothing happens by itself: timers come due in
 * `pass`, and what is due runs in `pump`, in random order.
 */
export class Machine {
  readonly random: () => number;
  readonly disk: DiskFaults;
  readonly files: Files;
  bootId = 'boot-1';
  nowMs = 0;
  wallMs = 1_800_000_000_000;
  /** The latest that the wall clock ever said. */
  latestWallMs = 0;
  calls = 0;
  readonly #timers: Timer[] = [];
  #ready: Event[] = [];
  #next = 1000;

  constructor(seed: number, observer: FileObserver) {
    this.random = seeded(seed ^ 0x5eed);
    this.disk = new DiskFaults(this);
    this.files = new Files(this, observer);
  }

  get id(): number {
    return this.#next++;
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  start(namespace = 'pid:[1]'): Process {
    return { pid: this.id, startTicks: this.id, namespace, threads: new Set() };
  }

  spawn(process: Process, role: Thread['role']): Thread {
    const tid = process.threads.size === 0 ? process.pid : this.id;
    const thread: Thread = {
      machine: this,
      process,
      tid,
      role,
      alive: true,
      paused: false,
      callsLeft: Infinity,
    };
    process.threads.add(thread);
    this.files.processes.set(process.pid, process);
    return thread;
  }

  /** Runs code as this thread; undefined when it was killed on the way. */
  run<T>(thread: Thread, fn: () => T): T | undefined {
    if (!thread.alive) return undefined;
    try {
      return here.run(thread, fn);
    } catch (error) {
      if (error instanceof Killed) return undefined;
      throw error;
    }
  }

  endThread(thread: Thread): void {
    thread.alive = false;
    thread.process.threads.delete(thread);
    if (thread.process.threads.size === 0) this.files.processes.delete(thread.process.pid);
  }

  kill(process: Process): void {
    for (const thread of [...process.threads]) this.endThread(thread);
  }

  /** What every call to the machine begins with. */
  enter(): Thread {
    const thread = thisThread();
    this.calls += 1;
    if (!thread.alive) throw new Killed('dead');
    if (thread.callsLeft <= 0) {
      this.kill(thread.process);
      throw new Killed('killed');
    }
    thread.callsLeft -= 1;
    return thread;
  }

  /** Runs `fn` in `thread` at the next pumps. */
  soon(thread: Thread, fn: () => void): void {
    this.#ready.push({ thread, run: fn });
  }

  after(thread: Thread, ms: number, fn: () => void): number {
    const timer = { thread, run: fn, id: this.id, atMs: this.nowMs + Math.max(0, ms) };
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1]!.atMs > timer.atMs) at -= 1;
    this.#timers.splice(at, 0, timer);
    return timer.id;
  }

  cancel(id: number): void {
    const at = this.#timers.findIndex((timer) => timer.id === id);
    if (at >= 0) this.#timers.splice(at, 1);
  }

  /** Somebody sets the wall clock. */
  setWall(ms: number): void {
    this.latestWallMs = Math.max(this.latestWallMs, this.wallMs, ms);
    this.wallMs = ms;
  }

  /** Both clocks go on; what came due is ready. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.wallMs += ms;
    while (this.#timers.length > 0 && this.#timers[0]!.atMs <= this.nowMs)
      this.#ready.push(this.#timers.shift()!);
  }

  /** Milliseconds until the next timer of a thread that runs; infinite when there is none. */
  nextTimerMs(): number {
    const next = this.#timers.find(({ thread }) => thread.alive && !thread.paused);
    return next === undefined ? Infinity : Math.max(0, next.atMs - this.nowMs);
  }

  /**
   * Lets up to `most` of what is ready happen, in random order, until there is no more of it or `enough` says so: on a
   * slow disk each call lets time pass, so that the next timer is always due.
   *
   * @returns how many did
   */
  async pump(most: number, enough?: () => boolean): Promise<number> {
    let done = 0;
    await settled();
    while (done < most && enough?.() !== true) {
      const able = this.#able();
      if (able.length === 0) break;
      const event = able[this.below(able.length)]!;
      this.#ready.splice(this.#ready.indexOf(event), 1);
      this.run(event.thread, event.run);
      done += 1;
      await settled();
    }
    return done;
  }

  /** What is ready to run; what belongs to the dead is forgotten. Most often that is all there is. */
  #able(): readonly Event[] {
    if (!this.#ready.every(({ thread }) => thread.alive))
      this.#ready = this.#ready.filter(({ thread }) => thread.alive);
    return this.#ready.some(({ thread }) => thread.paused)
      ? this.#ready.filter(({ thread }) => !thread.paused)
      : this.#ready;
  }
}

/** Ticks run when no microtask is left: all that follows from what was done since has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
