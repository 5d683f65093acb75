import { extname } from 'node:path';
import type { RelayHandle } from '../bridges/dd-trace/request-seam.ts';
import type { Ledger } from '../contracts/ledger.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { CounterValues } from '../journal/counters.ts';
import type { JournalLifetime } from '../journal/lifetime.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { KeptThread } from './kept-thread.ts';
import { OutcomeBoard, type BoardMemory } from './outcome-board.ts';
import { processLedger } from './process-ledger.ts';
import { createRelayMemory, RelayBoard, type RelayCounts } from './relay-board.ts';
import type { RelayInput, ToRelay } from './relay-messages.ts';

export interface RelayOptions {
  readonly input: Omit<
    RelayInput,
    'keepspanInternal' | 'memory' | 'besideOutcomes' | 'port' | 'rates' | 'moves'
  >;
  /** Outcomes of what it journaled, written by delivery, or by its own thread. */
  readonly outcomes: BoardMemory;
  /** Whether somebody beside this process delivers: then its thread reads what became of its records. */
  readonly isBeside: boolean;
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

const NOTHING = { spans: 0, llmSpans: 0, evaluations: 0 } as const;

/**
 * The loopback relay: an HTTP server in a thread of its own that takes dd-trace's requests into a journal folder of
 * its own, for when they cannot be taken inside the process. Everything that carries no signals it passes on to the
 * Agent. What the tracer sends in its last instant does not reach it: a socket needs an event loop.
 */
export class Relay implements RelayHandle {
  readonly #options: RelayOptions;
  readonly #outcomes: OutcomeBoard;
  readonly #thread: KeptThread<ToRelay>;
  #board: RelayBoard | undefined;
  #port = 0;
  /** Of threads that died. */
  #past: RelayCounts | undefined;
  #seen: RelayCounts;
  #seenOutcomes: Readonly<Record<SignalKind, Record<string, number>>>;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#outcomes = new OutcomeBoard(options.outcomes);
    this.#thread = new KeptThread<ToRelay>({
      name: 'keepspan-relay',
      file: new URL(`./relay-worker${extname(import.meta.url)}`, import.meta.url),
      input: () => this.#begin(),
      env: options.env,
      // The tracer goes on sending to the address: whoever listens there again takes it.
      isWanted: () => this.#port !== 0,
      onDeath: (error) => {
        this.#past = lostWithIt(this.#sum());
        this.#board = undefined;
        options.onDeath(error);
      },
    });
    this.#port = this.#board?.waitForPort(START_MS) ?? 0;
    this.#seen = this.#sum();
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
    return this.#seen.arrived;
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
    if (!this.#thread.isUp) return;
    this.#tell({ type: 'conclude' });
    this.#board?.waitForConclusion(CONCLUDE_MS);
  }

  stop(): Promise<void> {
    return this.#thread.stop({ type: 'stop' });
  }

  /** What the thread starts with, and a board of its own. */
  #begin(): RelayInput {
    const { input, rates, outcomes, isBeside } = this.#options;
    const memory = createRelayMemory();
    const board = new RelayBoard(memory);
    const moves = this.#past?.moves ?? 0;
    board.begin(moves);
    this.#board = board;
    return {
      keepspanInternal: true,
      ...input,
      memory,
      besideOutcomes: isBeside ? outcomes : undefined,
      port: this.#port,
      rates: rates(),
      moves,
    };
  }

  #tell(message: ToRelay): void {
    this.#thread.tell(message);
  }

  #moves(): number {
    return this.#board?.read().moves ?? this.#past?.moves ?? 0;
  }

  #sum(): RelayCounts {
    const now = this.#board?.read();
    if (now === undefined || this.#past === undefined) return now ?? this.#past!;
    return addCounts(now, this.#past);
  }

  /** Of folders that others ended nothing counts, neither here nor there: delivery may know of the end later. */
  #readOutcomes(): Record<SignalKind, Record<string, number>> {
    const board = this.#outcomes;
    if (board.moves !== this.#moves()) return { spans: {}, llmSpans: {}, evaluations: {} };
    return {
      spans: board.outcomes('spans'),
      llmSpans: board.outcomes('llmSpans'),
      evaluations: board.outcomes('evaluations'),
    };
  }
}

function addCounts(now: RelayCounts, past: RelayCounts): RelayCounts {
  const arrived = add(now.arrived, past.arrived);
  if (now.moves !== past.moves) return { ...now, arrived };
  const ofKind = (kind: SignalKind) =>
    Object.fromEntries(
      Object.entries(now.values[kind]).map(([name, n]) => [
        name,
        n + past.values[kind][name as keyof CounterValues['spans']],
      ]),
    );
  const values = {
    spans: ofKind('spans'),
    llmSpans: ofKind('llmSpans'),
    evaluations: ofKind('evaluations'),
  } as unknown as CounterValues;
  return { moves: now.moves, arrived, values, inMemory: add(now.inMemory, past.inMemory) };
}

type PerKind = Readonly<Record<SignalKind, number>>;

function add(a: PerKind, b: PerKind): PerKind {
  return {
    spans: a.spans + b.spans,
    llmSpans: a.llmSpans + b.llmSpans,
    evaluations: a.evaluations + b.evaluations,
  };
}

/** What a dead thread had in memory only. */
function lostWithIt({ moves, arrived, values, inMemory }: RelayCounts): RelayCounts {
  const after: Record<string, Readonly<Record<string, number>>> = {};
  for (const kind of SIGNAL_KINDS)
    after[kind] = { ...values[kind], 'lost.memory': values[kind]['lost.memory'] + inMemory[kind] };
  return { moves, arrived, values: after as unknown as CounterValues, inMemory: NOTHING };
}
