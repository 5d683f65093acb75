import type { SignalKind } from '../../src/contracts/signal.ts';
import type { GuardedJournal } from '../../src/journal/guarded.ts';
import type { CustodyStore } from '../../src/pipeline/custody-store.ts';
import type { Deliverer } from '../../src/pipeline/deliverer.ts';
import type { MemoryRelay } from '../../src/pipeline/memory-relay.ts';
import type { MemorySource } from '../../src/pipeline/memory-source.ts';
import type { MemoryRecord } from '../../src/pipeline/worker-messages.ts';
import type { Machine, Process, Thread } from './machine.ts';
import { KINDS, Seen } from './oracle.ts';
import type { Setting } from './setting.ts';

export const DIRECTORY = '/j';
const SWEEP_MS = 1000;
const LEASE_RENEWAL_MS = 10_000;
const SLOW_MS = 100;
const MEMORY_BYTES = 6000;

interface Channel<T> {
  /** False: nobody is there to take it. */
  send(message: T): boolean;
  /** Everything that is under way arrives now. */
  flush(): void;
  /** Who was to take it is gone. */
  clear(): void;
}

/** Messages from one thread to another, in order. */
function channel<T>(machine: Machine, to: () => Thread | undefined, take: (message: T) => void): Channel<T> {
  const waiting: T[] = [];
  const next = (): void => {
    const message = waiting.shift();
    if (message !== undefined) take(message);
  };
  return {
    send: (message) => {
      const thread = to();
      if (thread === undefined || !thread.alive) return false;
      waiting.push(message);
      machine.soon(thread, next);
      return true;
    },
    flush: () => {
      while (waiting.length > 0) next();
    },
    clear: () => {
      waiting.length = 0;
    },
  };
}

/** A doorbell as threads of one process share it. */
class Bell {
  #rings = 0;
  #waiting: { readonly thread: Thread; readonly seen: number; readonly wake: () => void }[] = [];

  rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const { thread, wake } of this.#waiting.splice(0)) thread.machine.soon(thread, wake);
  }

  rung(thread: Thread, seen: number, timeoutMs: number): Promise<void> {
    if (this.#rings > seen) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ thread, seen, wake: resolve });
      thread.machine.after(thread, timeoutMs, () => {
        this.#waiting = this.#waiting.filter(({ wake }) => wake !== resolve);
        resolve();
      });
    });
  }
}

/** A thread that delivers: the worker of an application, or a sidecar. */
export class DeliveryThread {
  readonly thread: Thread;
  deliverer: Deliverer | undefined;
  readonly memory: Partial<Record<SignalKind, MemorySource>> = {};

  constructor(
    setting: Setting,
    process: Process,
    host: 'worker' | 'sidecar',
    bell: Bell,
    keeps?: (writerId: string) => boolean,
    onMemory?: Resolved,
  ) {
    const { machine, subject, encoder, upstream, maxAgeMs } = setting;
    const thread = machine.spawn(process, 'deliverer');
    this.thread = thread;
    const doorbell = {
      rings: () => bell.rings(),
      rung: (seen: number, timeoutMs: number) => bell.rung(thread, seen, timeoutMs),
    };
    machine.run(thread, () => {
      const quiet = { onOutcome: () => undefined, onMaybeTwice: () => undefined, onState: () => undefined };
      const more = keeps === undefined ? {} : { keeps };
      const deliverer = new subject.deliverer.Deliverer({
        ...{
          directory: DIRECTORY,
          host,
          encoder,
          send: upstream.send,
          maxAgeMs,
          doorbell,
          ...quiet,
          ...more,
        },
        onError: (error) => setting.failed(error, thread),
      });
      this.deliverer = deliverer;
      const sweep = async (): Promise<void> => {
        await deliverer.sweep();
        machine.after(thread, SWEEP_MS, () => void sweep());
      };
      void sweep();
      if (onMemory !== undefined) this.#deliverMemory(setting, onMemory);
    });
  }

  #deliverMemory(
    { subject, machine, oracle, wholeEncoder, upstream, maxAgeMs, clock }: Setting,
    onMemory: Resolved,
  ): void {
    for (const kind of KINDS) {
      const source = new subject.memory.MemorySource(
        kind,
        (ids, outcomes) => onMemory({ kind, ids, outcomes }),
        (twice) => {
          oracle.told(this.thread, twice);
          onMemory({ kind, twice });
        },
      );
      this.memory[kind] = source;
      const quiet = { onOutcome: () => undefined, onState: () => undefined };
      const options = {
        source,
        encoder: wholeEncoder,
        send: upstream.send,
        clock,
        random: machine.random,
        maxAgeMs,
      };
      subject.stream.deliverStream({ ...options, ...quiet, wake: () => source.filled() });
    }
  }
}

/** What a worker says of records that it has from memory. */
type FromMemory =
  | {
      readonly kind: SignalKind;
      readonly ids: readonly number[];
      readonly outcomes: Readonly<Record<string, number>>;
    }
  | { readonly kind: SignalKind; readonly twice: number };

type Resolved = (message: FromMemory) => void;

/** A process that journals, with its worker when it has one: what `session.ts` puts together. */
export class Application {
  readonly process: Process;
  readonly main: Thread;
  worker: DeliveryThread | undefined;
  readonly #setting: Setting;
  readonly #bell = new Bell();
  readonly #hosted: boolean;
  #journal: GuardedJournal | undefined;
  #custody: CustodyStore | undefined;
  #relay: MemoryRelay | undefined;
  #toWorker: Channel<MemoryRecord> | undefined;
  #writerId = '';
  #flush = (): void => undefined;

  constructor(setting: Setting, hosted: boolean) {
    const { machine } = setting;
    this.#setting = setting;
    this.#hosted = hosted;
    this.process = machine.start();
    this.main = machine.spawn(this.process, 'main');
    machine.run(this.main, () => this.#open());
    if (hosted) this.startWorker();
  }

  #open(): void {
    const { machine, subject, clock, maxBytes, sync } = this.#setting;
    const owner = { service: 'simulated', delivery: this.#hosted ? 'worker' : 'none' };
    const options = {
      directory: DIRECTORY,
      owner,
      maxBytes,
      sync,
      clock,
      random: machine.random,
      maxAppendMs: SLOW_MS,
    };
    const writer = new subject.lasting.LastingWriter({
      clock,
      open: (page, settled) => new subject.writer.JournalWriter({ ...options, page, settled }),
      onMove: ({ path }) => {
        this.#writerId = path.slice(DIRECTORY.length + 1);
      },
    });
    if (!writer.renew()) this.#setting.failed(writer.lastError, this.main);
    const journal = new subject.guarded.GuardedJournal({
      ...{ writer, clock, maxMemoryBytes: MEMORY_BYTES, slowMs: SLOW_MS, onState: () => undefined },
      probe: subject.probe.createDiskProbe(clock, sync),
    });
    const toWorker = channel<MemoryRecord>(
      machine,
      () => this.worker?.thread,
      (record) => this.worker?.memory[record.kind]?.push(record),
    );
    const relay = new subject.relay.MemoryRelay(journal, toWorker.send);
    this.#journal = journal;
    this.#relay = relay;
    this.#toWorker = toWorker;
    this.#custody = new subject.custody.CustodyStore(
      journal,
      () => this.#bell.ring(),
      () => relay.filled(),
    );
    const renew = (): void => {
      if (writer.path !== undefined) writer.renew();
      machine.after(this.main, LEASE_RENEWAL_MS, renew);
    };
    machine.after(this.main, LEASE_RENEWAL_MS, renew);
  }

  startWorker(): void {
    if (!this.main.alive) return;
    const { machine } = this.#setting;
    const toMain = channel<FromMemory>(
      machine,
      () => this.main,
      (message) => {
        if ('twice' in message) this.#relay?.maybeTwice(message.kind, message.twice);
        else this.#relay?.resolved(message.kind, message.ids, message.outcomes);
      },
    );
    this.#flush = () => toMain.flush();
    this.worker = new DeliveryThread(
      this.#setting,
      this.process,
      'worker',
      this.#bell,
      (id) => id === this.#writerId,
      (message) => void toMain.send(message),
    );
  }

  /** The worker thread ends by itself and is started again. */
  workerDies(): void {
    if (!this.#hosted || this.worker === undefined || this.main.paused) return;
    this.#setting.machine.endThread(this.worker.thread);
    this.#setting.oracle.uncertain = true;
    this.worker = undefined;
    this.#toWorker?.clear();
    this.#setting.machine.run(this.main, () => {
      this.#flush(); // Node hands over what a worker said before it says that the worker ended.
      this.#relay?.takeBack();
    });
    this.startWorker();
  }

  /** SIGSTOP and SIGCONT, for all its threads. */
  freeze(frozen: boolean): void {
    for (const thread of this.process.threads) thread.paused = frozen;
  }

  /** One record of `count` signals goes into custody. */
  take(kind: SignalKind, count: number, bytes: number): void {
    const { machine, oracle } = this.#setting;
    if (this.main.paused) return;
    machine.run(this.main, () => {
      oracle.create(this.process, kind, count);
      this.#custody!.created(kind, count);
      const made = oracle.make(this.process, kind, count);
      oracle.appending = made;
      const kept = this.#custody!.take(kind, `#${made.first}+${count} ${'.'.repeat(bytes)}`, count);
      if (made.file === undefined) oracle.mark(made, Seen.memory);
      if (!kept) oracle.mark(made, Seen.memory);
    });
    oracle.appending = undefined;
    if (!this.main.alive) oracle.died(this.process);
  }

  /** Signals that are finished but never released: what a kill may take. */
  finish(kind: SignalKind, count: number, invalid: boolean): void {
    if (this.main.paused) return;
    this.#setting.machine.run(this.main, () => {
      this.#setting.oracle.create(this.process, kind, count);
      this.#custody!.created(kind, count);
      this.#custody!.ended(kind, invalid ? 'dropped.invalid' : 'lost.unreleased', count);
    });
  }

  commit(): void {
    if (this.main.paused) return;
    this.#setting.machine.run(this.main, () => this.#custody!.commit());
  }

  /** The process runs its 'exit' handler and ends. */
  exit(): void {
    if (this.main.paused) return;
    this.#setting.machine.run(this.main, () => {
      this.#journal!.conclude();
      this.#relay!.stop();
    });
    this.kill();
  }

  kill(): void {
    this.#setting.machine.kill(this.process);
    this.#setting.oracle.uncertain = true;
    this.#setting.oracle.died(this.process);
  }
}

/** A process that delivers a directory and journals nothing. */
export class SidecarProcess extends DeliveryThread {
  constructor(setting: Setting, namespace?: string) {
    super(setting, setting.machine.start(namespace), 'sidecar', new Bell());
  }
}
