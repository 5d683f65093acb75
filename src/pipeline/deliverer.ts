import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BatchEncoder, Outcomes, PendingRecord, UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { Sleep } from '../delivery/pacer.ts';
import type { Send } from '../delivery/send.ts';
import { deliverStream, type StreamDelivery } from '../delivery/stream.ts';
import { RecordCipher } from '../journal/cipher.ts';
import { claimDelivery, ownerState, releaseDelivery, renewDelivery } from '../journal/claim.ts';
import { readCounterPage } from '../journal/counters.ts';
import { listWriters, Names } from '../journal/directory.ts';
import { readHistory } from '../journal/history.ts';
import { isLeaseCertain } from '../journal/identity.ts';
import { OutcomeLog, type OutcomeState } from '../journal/outcomes.ts';
import { readSeal, type Seal } from '../journal/seal.ts';
import { sealWriter } from '../journal/sealing.ts';
import { UpstreamNote } from '../journal/upstream-note.ts';
import { systemClock, type Clock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { endWriter } from './end-writer.ts';
import { JournalSource } from './journal-source.ts';
import { watchResolved } from './resolved-records.ts';

export interface DelivererOptions {
  readonly directory: string;
  /** Whose live writers it takes: those of its own process, or those that named no host of their own. */
  readonly host: 'worker' | 'sidecar';
  readonly encoder: BatchEncoder;
  readonly send: Send;
  readonly maxAgeMs: number;
  readonly doorbell: Doorbell;
  /** Writers that are never brought to an end here: the host's own, which may still write in its last instant. */
  readonly keeps?: (writerId: string) => boolean;
  /** Whether living writers of this process that `keeps` does not name are taken, too; default true. */
  readonly siblings?: boolean;
  /** 32 bytes: for sealed records. */
  readonly key?: Uint8Array | undefined;
  readonly clock?: Clock;
  /** Between attempts; default: one that keeps the process alive. */
  readonly sleep?: Sleep;
  /** A writer was taken over, whose outcomes so far are these. Must not throw. */
  readonly onAdopted?: (writerId: string, state: OutcomeState) => void;
  readonly onOutcome: (writerId: string, kind: SignalKind, outcomes: Outcomes) => void;
  readonly onMaybeTwice: (writerId: string, kind: SignalKind, signals: number) => void;
  readonly onState: (writerId: string, state: UpstreamState) => void;
  /** Records were resolved, each once. Must not throw. */
  readonly onResolved?: ((records: readonly PendingRecord[], outcomes: Outcomes) => void) | undefined;
  /** A writer's records are sealed with another key; they are held. Must not throw. */
  readonly onSealed?: (writerId: string) => void;
  /** A writer could not be read or removed; it is tried again. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** How a loop without records waits for more. */
export interface Doorbell {
  /** Rings so far. */
  rings(): number;
  /** Resolves when there was a ring after `seen`, or after `timeoutMs`. Never rejects. */
  rung(seen: number, timeoutMs: number): Promise<void>;
}

interface Adopted {
  readonly path: string;
  /** Of a process or thread that is gone. */
  readonly orphan: boolean;
  readonly lease: Lease;
  readonly log: OutcomeLog;
  readonly sources: readonly JournalSource[];
  readonly streams: readonly StreamDelivery[];
  /** Set when it is let go: its files are closed once, and nothing looks at it any more. */
  leaving?: Promise<void>;
}

/** Writers of processes that are gone are replayed a few at a time: each costs three loops and three open files. */
export const MAX_ORPHANS = 8;

/** A loop looks again after so long whether the bell rang or not: other processes do not ring ours. */
const IDLE_MS = 1000;

/** What is sealed with another key makes way for others, and is looked at again after so long. */
const SEALED_RETRY_MS = 60_000;

/** A thread that said its last word while its process lives may still be in its other 'exit' handlers. */
export const LAST_WORD_MS = 2000;

/**
 * Delivers a journal directory: the writers that are its own to deliver, and what earlier processes left. A writer
 * that is gone and delivered ends in the history, and its folder goes.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #clock: Clock;
  readonly #instance = randomUUID();
  readonly #cipher: RecordCipher | undefined;
  readonly #adopted = new Map<string, Adopted>();
  /** Of writers that ended. */
  readonly #seals = new Map<string, Seal | undefined>();
  /** When writers that are sealed with another key are looked at again. */
  readonly #sealedUntilMs = new Map<string, number>();
  #hurried = false;
  #stopped = false;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#cipher = options.key === undefined ? undefined : new RecordCipher(options.key);
  }

  /** Looks for writers to take over and for writers to bring to an end. Call it again and again. Never throws. */
  async sweep(): Promise<void> {
    for (const adopted of [...this.#adopted.values()]) await this.#guarded(() => this.#look(adopted));
    const paths = this.#list();
    for (const path of paths) await this.#guarded(() => this.#adoptIfOurs(path));
    for (const path of this.#sealedUntilMs.keys())
      if (!paths.includes(path)) this.#sealedUntilMs.delete(path);
  }

  /** For the last seconds of a shutdown: no long pauses between attempts any more. */
  hurry(): void {
    this.#hurried = true;
    for (const { streams } of this.#adopted.values()) for (const stream of streams) stream.hurry();
  }

  /** Ends all loops; requests in flight are aborted and counted. Nothing is taken over any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      [...this.#adopted.values()].map((adopted) => this.#guarded(() => this.#letGo(adopted))),
    );
  }

  #list(): string[] {
    try {
      return listWriters(this.#options.directory);
    } catch (error) {
      this.#options.onError(error);
      return [];
    }
  }

  async #look(adopted: Adopted): Promise<void> {
    const { path, lease, sources } = adopted;
    if (adopted.leaving !== undefined) return adopted.leaving;
    if (!lease.renew()) return this.#letGo(adopted, false);
    const sealed = sources.some((source) => source.sealed());
    if (!this.#hasEnded(path)) return adopted.orphan ? this.#letGo(adopted) : undefined;
    if (sources.every((source) => source.drained())) return this.#finish(adopted);
    if (!sealed || !sources.every((source) => source.sealed() || source.drained())) return;
    this.#sealedUntilMs.set(path, this.#clock.now() + SEALED_RETRY_MS);
    return this.#letGo(adopted);
  }

  #adoptIfOurs(path: string): void {
    if (this.#stopped || this.#adopted.has(path)) return;
    const state = ownerState(path);
    const sibling = this.#options.siblings === false && this.#options.keeps?.(basename(path)) !== true;
    const ours =
      (state === 'self' && !sibling) ||
      (state === 'alive' && this.#options.host === 'sidecar' && hostOf(path) === 'none');
    const orphan = state === 'dead' || state === 'expired';
    if (!ours && !orphan) return;
    if (orphan && this.#orphans() >= MAX_ORPHANS) return;
    if (this.#clock.now() < (this.#sealedUntilMs.get(path) ?? -Infinity)) return;
    if (!claimDelivery(path, this.#instance)) return;
    if (readHistory(dirname(path)).some((entry) => entry.id === basename(path))) {
      rmSync(path, { recursive: true, force: true }); // A crash came between its last word and its removal.
      return;
    }
    if (orphan && !this.#hasStopped(path)) return releaseDelivery(path, this.#instance); // It is there again.
    if (orphan) this.#seals.set(path, readSeal(path));
    this.#adopted.set(path, this.#start(path, orphan));
  }

  #orphans(): number {
    let n = 0;
    for (const { orphan } of this.#adopted.values()) if (orphan) n += 1;
    return n;
  }

  #start(path: string, orphan: boolean): Adopted {
    const {
      encoder,
      send,
      maxAgeMs,
      doorbell,
      onOutcome,
      onMaybeTwice,
      onState,
      onAdopted,
      onSealed,
      onResolved,
      sleep,
    } = this.#options;
    const id = basename(path);
    const lease = new Lease(path, this.#instance, this.#clock);
    // Who writes there and delivers nothing by itself would not come to know it; of those who are gone nobody asks.
    const note = orphan || this.#options.keeps?.(id) === true ? undefined : new UpstreamNote(path);
    const log = new OutcomeLog(join(path, Names.outcomes));
    onAdopted?.(id, log.state);
    const sources = SIGNAL_KINDS.map(
      (kind) =>
        new JournalSource({
          writerPath: path,
          kind,
          log,
          cipher: this.#cipher,
          ended: () => this.#hasEnded(path),
          limit: () => this.#seals.get(path)?.ends[kind],
          fence: () => lease.fence(),
          onSealed: () => onSealed?.(id),
          rings: () => doorbell.rings(),
          onOutcome: (of, outcomes) => onOutcome(id, of, outcomes),
          onMaybeTwice: (of, signals) => onMaybeTwice(id, of, signals),
        }),
    );
    const streams = sources.map((source) =>
      deliverStream({
        source: onResolved === undefined ? source : watchResolved(source, onResolved),
        encoder,
        send,
        clock: this.#clock,
        random: Math.random,
        ...(sleep === undefined ? {} : { sleep }),
        maxAgeMs,
        // Outcomes reach the board from the source, damage and eviction included.
        onOutcome: () => undefined,
        onState: (state) => {
          void this.#guarded(() => note?.tell(state));
          onState(id, state);
        },
        wake: () => doorbell.rung(source.seen, IDLE_MS),
      }),
    );
    if (this.#hurried) for (const stream of streams) stream.hurry();
    return { path, orphan, lease, log, sources, streams };
  }

  /** The claim stays ours until the folder is gone: nobody else may deliver it anew. */
  async #finish(adopted: Adopted): Promise<void> {
    const { path } = adopted;
    await this.#letGo(adopted, false);
    endWriter(path, this.#instance, this.#clock.wall());
  }

  #letGo(adopted: Adopted, release = true): Promise<void> {
    return (adopted.leaving ??= this.#leave(adopted, release));
  }

  async #leave({ path, log, streams }: Adopted, release: boolean): Promise<void> {
    await Promise.all(streams.map((stream) => stream.stop()));
    this.#adopted.delete(path);
    this.#seals.delete(path);
    log.close();
    if (release) releaseDelivery(path, this.#instance);
  }

  /**
   * A writer's thread is gone, or said its last word a while ago, or cannot be looked up and did not renew its lease:
   * where it may come back, its folder is sealed first.
   */
  #hasEnded(path: string): boolean {
    if (!this.#hasStopped(path)) return false;
    if (!this.#seals.has(path)) this.#seals.set(path, readSeal(path));
    return true;
  }

  #hasStopped(path: string): boolean {
    if (this.#options.keeps?.(basename(path)) === true) return false;
    const state = ownerState(path);
    if (state === 'dead') return true;
    if (state !== 'expired' && !this.#saidLastWord(path)) return false;
    return sealWriter(path, () => ownerState(path) === 'expired' || this.#saidLastWord(path));
  }

  #saidLastWord(path: string): boolean {
    const page = join(path, Names.counters);
    if (readCounterPage(page)?.clean !== true) return false;
    const { mtimeMs } = statSync(page, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    return this.#clock.wall() - mtimeMs > LAST_WORD_MS;
  }

  async #guarded(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

/** The claim on one writer, renewed at every sweep. Where only its age speaks for us, it may be lost while we slept. */
class Lease {
  readonly #path: string;
  readonly #instance: string;
  readonly #clock: Clock;
  #renewed: { readonly ms: number; readonly wallMs: number };

  constructor(path: string, instance: string, clock: Clock) {
    this.#path = path;
    this.#instance = instance;
    this.#clock = clock;
    this.#renewed = this.#now();
  }

  renew(): boolean {
    const now = this.#now();
    const isOurs = renewDelivery(this.#path, this.#instance);
    if (isOurs) this.#renewed = now;
    return isOurs;
  }

  /** @throws when it is no longer ours */
  fence(): void {
    if (isLeaseCertain(this.#renewed, this.#now()) || this.renew()) return;
    throw new Error(`${basename(this.#path)} was taken over by another deliverer`);
  }

  #now(): { readonly ms: number; readonly wallMs: number } {
    return { ms: this.#clock.now(), wallMs: this.#clock.wall() };
  }
}

function hostOf(path: string): string {
  const owner = JSON.parse(readFileSync(join(path, Names.owner), 'utf8')) as { readonly delivery?: string };
  return owner.delivery ?? 'worker';
}
