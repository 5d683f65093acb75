import { readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BatchEncoder, Outcomes, UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { Send } from '../delivery/send.ts';
import { deliverStream, type StreamDelivery } from '../delivery/stream.ts';
import { claimDelivery, ownerState, releaseDelivery, renewDelivery } from '../journal/claim.ts';
import { readCounterPage } from '../journal/counters.ts';
import { listWriters, Names } from '../journal/directory.ts';
import { appendHistory, compactHistory, readHistory } from '../journal/history.ts';
import { OutcomeLog } from '../journal/outcomes.ts';
import { surveyWriter } from '../journal/survey.ts';
import { systemClock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { addLedgers } from '../ledger/account.ts';
import { JournalSource } from './journal-source.ts';
import { writerLedger } from './ledger-view.ts';

export interface DelivererOptions {
  readonly directory: string;
  /** Whose live writers it takes: those of its own process, or those that named no host of their own. */
  readonly host: 'worker' | 'sidecar';
  readonly encoder: BatchEncoder;
  readonly send: Send;
  readonly maxAgeMs: number;
  readonly doorbell: Doorbell;
  /** A writer that is never brought to an end here: the host's own, which may still write in its last instant. */
  readonly keep?: string;
  readonly onOutcome: (writerId: string, kind: SignalKind, outcomes: Outcomes) => void;
  readonly onMaybeTwice: (writerId: string, kind: SignalKind, signals: number) => void;
  readonly onState: (writerId: string, state: UpstreamState) => void;
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
  readonly log: OutcomeLog;
  readonly sources: readonly JournalSource[];
  readonly streams: readonly StreamDelivery[];
}

/** Writers of processes that are gone are replayed a few at a time: each costs three loops and three open files. */
const MAX_ADOPTED = 8;

/** A loop looks again after so long whether the bell rang or not: other processes do not ring ours. */
const IDLE_MS = 1000;

/**
 * Delivers a journal directory: the writers that are its own to deliver, and what earlier processes left. A writer
 * that is gone and delivered ends in the history, and its folder goes.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #adopted = new Map<string, Adopted>();
  #hurried = false;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /** Looks for writers to take over and for writers to bring to an end. Call it again and again. Never throws. */
  async sweep(): Promise<void> {
    for (const adopted of [...this.#adopted.values()]) await this.#guarded(() => this.#finishIfDrained(adopted));
    for (const path of this.#list()) await this.#guarded(() => this.#adoptIfOurs(path));
  }

  /** For the last seconds of a shutdown: no long pauses between attempts any more. */
  hurry(): void {
    this.#hurried = true;
    for (const { streams } of this.#adopted.values()) for (const stream of streams) stream.hurry();
  }

  /** Ends all loops; requests in flight are aborted and counted. */
  async stop(): Promise<void> {
    for (const adopted of [...this.#adopted.values()]) await this.#guarded(() => this.#letGo(adopted));
  }

  #list(): string[] {
    try {
      return listWriters(this.#options.directory);
    } catch (error) {
      this.#options.onError(error);
      return [];
    }
  }

  async #adoptIfOurs(path: string): Promise<void> {
    if (this.#adopted.has(path)) {
      renewDelivery(path);
      return;
    }
    const state = ownerState(path);
    const ours = state === 'self' || (state === 'alive' && this.#options.host === 'sidecar' && hostOf(path) === 'none');
    const orphan = state === 'dead';
    if (!ours && !orphan) return;
    if (orphan && this.#adopted.size >= MAX_ADOPTED) return;
    if (!claimDelivery(path)) return;
    if (readHistory(dirname(path)).some((entry) => entry.id === basename(path))) {
      rmSync(path, { recursive: true, force: true }); // A crash came between its last word and its removal.
      return;
    }
    this.#adopted.set(path, this.#start(path));
  }

  #start(path: string): Adopted {
    const { encoder, send, maxAgeMs, doorbell, onOutcome, onMaybeTwice, onState } = this.#options;
    const id = basename(path);
    const log = new OutcomeLog(join(path, Names.outcomes));
    const ended = () => hasEnded(path);
    const sources = SIGNAL_KINDS.map(
      (kind) =>
        new JournalSource({
          writerPath: path,
          kind,
          log,
          ended,
          rings: () => doorbell.rings(),
          onOutcome: (of, outcomes) => onOutcome(id, of, outcomes),
          onMaybeTwice: (of, signals) => onMaybeTwice(id, of, signals),
        }),
    );
    const streams = sources.map((source) =>
      deliverStream({
        source,
        encoder,
        send,
        clock: systemClock,
        random: Math.random,
        maxAgeMs,
        // Outcomes reach the board from the source, damage and eviction included.
        onOutcome: () => undefined,
        onState: (state) => onState(id, state),
        wake: () => doorbell.rung(source.seen, IDLE_MS),
      }),
    );
    if (this.#hurried) for (const stream of streams) stream.hurry();
    return { path, log, sources, streams };
  }

  async #finishIfDrained(adopted: Adopted): Promise<void> {
    const { path, sources } = adopted;
    if (basename(path) === this.#options.keep) return;
    if (!hasEnded(path) || !sources.every((source) => source.drained())) return;
    await this.#letGo(adopted, false);
    const survey = surveyWriter(path);
    if (survey === undefined || survey.state === 'running') return;
    const { ledger, maybeTwice } = writerLedger(survey);
    const directory = dirname(path);
    appendHistory(directory, { id: survey.id, endedMs: Date.now(), state: survey.state, ledger, maybeTwice, writers: 1 });
    compactHistory(directory, addLedgers);
    rmSync(path, { recursive: true, force: true });
  }

  async #letGo({ path, log, streams }: Adopted, release = true): Promise<void> {
    await Promise.all(streams.map((stream) => stream.stop()));
    this.#adopted.delete(path);
    log.close();
    if (release) releaseDelivery(path);
  }

  async #guarded(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

/** A writer's process is gone, or the thread said its last word. */
function hasEnded(path: string): boolean {
  return ownerState(path) === 'dead' || readCounterPage(join(path, Names.counters))?.clean === true;
}

function hostOf(path: string): string {
  const owner = JSON.parse(readFileSync(join(path, Names.owner), 'utf8')) as { readonly delivery?: string };
  return owner.delivery ?? 'worker';
}
