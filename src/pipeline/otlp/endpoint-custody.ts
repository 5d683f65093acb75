import { join } from 'node:path';
import type { UpstreamState } from '../../contracts/delivery.ts';
import type { Ledger } from '../../contracts/ledger.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { JournalLifetime } from '../../journal/lifetime.ts';
import { shownUrl } from '../../kernel/shown-url.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import { environmentWithoutPreloads, proxyEnvironment } from '../../settings/environment.ts';
import type { Settings } from '../../settings/table.ts';
import { CustodyStore } from '../custody-store.ts';
import { OTLP_FOLDER } from '../journals.ts';
import { MemoryRelay } from '../memory-relay.ts';
import { openJournal, type OpenedJournal } from '../open-journal.ts';
import { createBoardMemory, OutcomeBoard } from '../outcome-board.ts';
import { processLedger } from '../process-ledger.ts';
import { VERSION } from '../version.ts';
import type { DeliveryHost } from '../delivery-host.ts';
import { startHost } from '../start-host.ts';
import type { NamedTarget } from './endpoints.ts';
import { writeReceiver } from './receiver-file.ts';

/** The owner's lease of the journal folder is renewed so often, as for the other journals. */
const LEASE_RENEWAL_MS = 10_000;

const NOTHING_HELD = { spans: 0, llmSpans: 0, evaluations: 0 } as const;

/**
 * Custody and delivery for one OTLP receiver: a journal folder, a ledger and a thread of its own, so that each
 * receiver acknowledges for itself. Safe at any time; nothing throws.
 */
export class EndpointCustody {
  readonly name: string;
  /** Its address, without credentials. */
  readonly shown: string;
  readonly store: CustodyStore;
  readonly #opened: OpenedJournal;
  readonly #relay: MemoryRelay;
  /** Undefined while the journal is opened. */
  readonly #host: DeliveryHost | undefined;
  readonly #lease: NodeJS.Timeout;
  readonly #upstream = new Map<SignalKind, UpstreamState>();
  #board: OutcomeBoard;
  #deliveryUp = true;

  constructor(target: NamedTarget, settings: Settings) {
    this.name = target.name;
    this.shown = shownUrl(target.tracesUrl);
    let memory = createBoardMemory();
    this.#board = new OutcomeBoard(memory);
    const journalDir =
      settings.journalDir === undefined ? undefined : join(settings.journalDir, OTLP_FOLDER, target.name);
    this.#opened = openJournal(
      { ...settings, journalDir },
      // While it lives, by itself: the receiver's keys may be known in this process alone.
      { service: settings.service, delivery: 'worker', keepspan: VERSION },
      ({ directory, writerId }) => {
        describeReceiver(directory, target);
        // Outcomes of a folder before are with whoever has it; the counts here begin anew, too.
        memory = { ...createBoardMemory(), doorbell: memory.doorbell };
        this.#board = new OutcomeBoard(memory);
        this.#host?.journalMoved({ directory, writerId, board: memory });
      },
    );
    const { journal, home, key } = this.#opened;
    this.#relay = new MemoryRelay(journal, (record) => this.#host?.hand(record) ?? false);
    this.store = new CustodyStore(
      journal,
      () => this.#board.ring(),
      () => this.#relay.filled(),
    );
    const { name: _name, ...otlp } = target;
    // Never `none`: only this process knows the receiver's keys.
    this.#host = startHost(settings.delivery === 'process' ? 'process' : 'worker', {
      file: 'otlp/worker',
      input: {
        keepspanInternal: true,
        directory: home().directory,
        writerId: home().writerId,
        journalKey: key,
        target: otlp,
        maxAgeMs: settings.journalMaxAgeMs,
        board: memory,
        proxyEnv: proxyEnvironment(),
      },
      env: environmentWithoutPreloads(),
      onRates: () => undefined,
      onState: (state) => this.#onState(state),
      onMemoryResolved: (kind, ids, outcomes) => this.#relay.resolved(kind, ids, outcomes),
      onMemoryMaybeTwice: (kind, signals) => this.#relay.maybeTwice(kind, signals),
      onSealed: (writer) => warnOnce('KS-JOURNAL-006', { site: writer, writer }),
      onError: (error) =>
        warnOnce('KS-DELIVERY-002', { site: `${this.name} ${error}`, upstream: this.shown, error }),
      onDeath: (error) => {
        this.#relay.takeBack();
        this.#deliveryUp = false;
        warnOnce('KS-DELIVERY-003', { site: this.name, upstream: this.shown, error });
      },
    });
    this.#lease = setInterval(() => this.#opened.renewLease(), LEASE_RENEWAL_MS).unref();
  }

  ledger(): Ledger {
    return processLedger({
      journal: this.#opened.journal,
      board: this.#board,
      lifetime: this.lifetime,
      inTransit: () => NOTHING_HELD,
    });
  }

  upstream(): readonly UpstreamState[] {
    return [...this.#upstream.values()];
  }

  get directory(): string | undefined {
    return this.#opened.home().directory;
  }

  get lifetime(): JournalLifetime {
    return this.#opened.home().lifetime;
  }

  get onDisk(): boolean {
    return this.#opened.journal.onDisk;
  }

  get delivery(): 'up' | 'down' {
    return this.#deliveryUp ? 'up' : 'down';
  }

  /** What waits in memory goes to disk as far as the disk takes it. */
  drain(): void {
    this.#opened.journal.drain();
    this.store.commit();
  }

  hurry(): void {
    this.#host?.hurry();
  }

  /** For the 'exit' handler. */
  conclude(): void {
    this.#opened.journal.conclude();
  }

  async stop(): Promise<void> {
    clearInterval(this.#lease);
    this.drain();
    this.#relay.stop();
    await this.#host?.stop();
    this.#opened.journal.close();
  }

  #onState(state: UpstreamState): void {
    this.#upstream.set(state.kind, state);
    if (state.status !== 'held') return;
    const site = `${this.name} ${state.kind} ${state.httpStatus ?? ''}`;
    warnOnce('KS-DELIVERY-001', { site, upstream: this.shown, ...state });
  }
}

/** For those who deliver beside, when this process is gone. */
function describeReceiver(directory: string | undefined, target: NamedTarget): void {
  if (directory === undefined) return;
  try {
    writeReceiver(directory, target);
  } catch {
    return; // What the disk refuses the journal says; who delivers beside says that it knows no address (KS-OTLP-008).
  }
}
