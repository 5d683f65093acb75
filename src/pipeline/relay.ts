import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RelayHandle } from '../bridges/dd-trace/request-seam.ts';
import type { Ledger } from '../contracts/ledger.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { CounterValues } from '../journal/counters.ts';
import type { JournalLifetime } from '../journal/lifetime.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { OutcomeBoard, type BoardMemory } from './outcome-board.ts';
import { processLedger } from './process-ledger.ts';
import { createRelayMemory, RelayBoard, type RelayCounts } from './relay-board.ts';
import type { RelayInput, ToRelay } from './relay-messages.ts';
import { threadArguments } from './thread-arguments.ts';

export interface RelayOptions {
  readonly input: Omit<RelayInput, 'keepspanInternal' | 'memory' | 'port' | 'rates'>;
  /** Outcomes of what it journaled, written by delivery. */
  readonly outcomes: BoardMemory;
  /** Environment of its thread: without the application's preloads. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly rates: () => string;
  /** It ended by itself and is started again at its address. */
  readonly onDeath: (error: string) => void;
}

/** Start-up waits so long for it at most. */
const START_MS = 1000;
/** The 'exit' handler waits so long for its last word at most. */
const CONCLUDE_MS = 100;
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;

const NOTHING = { spans: 0, llmSpans: 0, evaluations: 0 } as const;

/**
 * The loopback relay: an HTTP server in a thread of its own that takes dd-trace's requests into a journal folder of
 * its own, for when they cannot be taken inside the process. Everything that carries no signals it passes on to the
 * Agent. What the tracer sends in its last instant does not reach it: a socket needs an event loop.
 */
export class Relay implements RelayHandle {
  readonly #options: RelayOptions;
  readonly #outcomes: OutcomeBoard;
  #board: RelayBoard | undefined;
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = FIRST_RESTART_MS;
  #stopped = false;
  #port = 0;
  /** Of threads that died. */
  #past: RelayCounts | undefined;
  #seen: RelayCounts;
  #seenOutcomes: Readonly<Record<SignalKind, Record<string, number>>>;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#outcomes = new OutcomeBoard(options.outcomes);
    this.#board = this.#spawn();
    this.#port = this.#board.waitForPort(START_MS) ?? 0;
    this.#seen = this.#board.read();
    this.#seenOutcomes = this.#readOutcomes();
  }

  /** Blocks until it listens, at most a second. Undefined when it does not. */
  static start(options: RelayOptions): Relay | undefined {
    const relay = new Relay(options);
    if (relay.#port !== 0) return relay;
    void relay.stop();
    return undefined;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Looks anew; `ledger` tells the same moment. */
  taken(): Readonly<Record<SignalKind, number>> {
    this.#seenOutcomes = this.#readOutcomes(); // First: of what is seen to be delivered, the journaling is seen, too.
    this.#seen = this.#sum();
    const { spans, llmSpans, evaluations } = this.#seen.values;
    return { spans: spans.created, llmSpans: llmSpans.created, evaluations: evaluations.created };
  }

  ledger(lifetime: JournalLifetime): Ledger {
    const { values, inMemory } = this.#seen;
    return processLedger({
      journal: { page: { values: () => values }, memory: { signals: (kind) => inMemory[kind] } },
      board: { outcomes: (kind) => this.#seenOutcomes[kind] },
      lifetime,
      inTransit: () => NOTHING,
    });
  }

  ratesChanged(json: string): void {
    this.#tell({ type: 'rates', json });
  }

  /** For the 'exit' handler: what has reached it is in its journal when this returns. */
  conclude(): void {
    if (this.#worker === undefined) return;
    this.#tell({ type: 'conclude' });
    this.#board?.waitForConclusion(CONCLUDE_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.ref();
    this.#tell({ type: 'stop' });
    await ended;
  }

  #spawn(): RelayBoard {
    const { input, env, rates } = this.#options;
    const memory = createRelayMemory();
    const workerData: RelayInput = {
      keepspanInternal: true,
      ...input,
      memory,
      port: this.#port,
      rates: rates(),
    };
    const file = new URL(`./relay-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, {
      name: 'keepspan-relay',
      workerData,
      env: { ...env },
      execArgv: threadArguments(),
      stdin: false,
      stdout: true,
      stderr: true,
    });
    let failure = 'it ended by itself';
    worker.on('error', (error) => {
      failure = String(error);
    });
    worker.on('exit', () => this.#onEnd(failure));
    worker.unref();
    this.#worker = worker;
    return new RelayBoard(memory);
  }

  /** The tracer goes on sending to the address: whoever listens there again takes it. */
  #onEnd(failure: string): void {
    this.#worker = undefined;
    if (this.#stopped || this.#port === 0) return;
    this.#past = lostWithIt(this.#sum());
    this.#board = undefined;
    this.#options.onDeath(failure);
    this.#restart = setTimeout(() => {
      this.#board = this.#spawn();
    }, this.#restartMs).unref();
    this.#restartMs = Math.min(MAX_RESTART_MS, this.#restartMs * 2);
  }

  #tell(message: ToRelay): void {
    this.#worker?.postMessage(message);
  }

  #sum(): RelayCounts {
    const now = this.#board?.read();
    if (now === undefined || this.#past === undefined) return now ?? this.#past!;
    return addCounts(now, this.#past);
  }

  #readOutcomes(): Record<SignalKind, Record<string, number>> {
    const board = this.#outcomes;
    return {
      spans: board.outcomes('spans'),
      llmSpans: board.outcomes('llmSpans'),
      evaluations: board.outcomes('evaluations'),
    };
  }
}

function addCounts(a: RelayCounts, b: RelayCounts): RelayCounts {
  const ofKind = (kind: SignalKind) =>
    Object.fromEntries(
      Object.entries(a.values[kind]).map(([name, n]) => [
        name,
        n + b.values[kind][name as keyof CounterValues['spans']],
      ]),
    );
  const values = {
    spans: ofKind('spans'),
    llmSpans: ofKind('llmSpans'),
    evaluations: ofKind('evaluations'),
  } as unknown as CounterValues;
  const inMemory = {
    spans: a.inMemory.spans + b.inMemory.spans,
    llmSpans: a.inMemory.llmSpans + b.inMemory.llmSpans,
    evaluations: a.inMemory.evaluations + b.inMemory.evaluations,
  };
  return { values, inMemory };
}

/** What a dead thread had in memory only. */
function lostWithIt({ values, inMemory }: RelayCounts): RelayCounts {
  const after: Record<string, Readonly<Record<string, number>>> = {};
  for (const kind of SIGNAL_KINDS)
    after[kind] = { ...values[kind], 'lost.memory': values[kind]['lost.memory'] + inMemory[kind] };
  return { values: after as unknown as CounterValues, inMemory: NOTHING };
}
