import type { BatchEncoder, Outcomes, PendingRecord } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { createHttpSender } from '../delivery/http-sender.ts';
import { idleSleep, systemSleep } from '../delivery/pacer.ts';
import type { Send } from '../delivery/send.ts';
import { deliverStream } from '../delivery/stream.ts';
import type { OutcomeState } from '../journal/outcomes.ts';
import { systemClock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { Deliverer } from './deliverer.ts';
import type { DeliveryLoops, LoopOptions } from './delivery-host.ts';
import { MemorySource } from './memory-source.ts';
import type { OtlpWorkerInput } from './otlp/worker-input.ts';
import { OutcomeBoard } from './outcome-board.ts';
import { watchResolved } from './resolved-records.ts';
import type { FromWorker, ToWorker, WorkerInput } from './worker-messages.ts';

/** What loops start with, wherever they deliver to. */
export type LoopInput = WorkerInput | OtlpWorkerInput;

/** What the loops offer to a form. */
export interface LoopTools {
  readonly send: Send;
  /** The journal directory; undefined while there is none. */
  readonly directory: () => string | undefined;
}

/** Counts outcomes of writers that are not the host's own. */
export interface OtherWriters {
  adopted(id: string, state: OutcomeState): void;
  outcome(id: string, kind: SignalKind, outcomes: Outcomes): void;
  maybeTwice(id: string, kind: SignalKind, signals: number): void;
}

/** What is special about where records go. */
export interface DeliveryForm {
  readonly encoder: BatchEncoder;
  readonly send: Send;
  /** Records were resolved, each once. Must not throw. */
  readonly onResolved?: ((records: readonly PendingRecord[], outcomes: Outcomes) => void) | undefined;
  /** Asked before outcomes of a kind are counted: what belongs to them is then known, too. */
  readonly beforeOutcome?: (kind: SignalKind) => void;
  /** Whether living writers of this process beside the host's own are delivered here. */
  readonly siblings: boolean;
  readonly others?: (directory: string) => OtherWriters;
  /** Sends hit statistics now. */
  readonly flushStatistics?: () => Promise<void>;
  /** When the loops have ended. */
  readonly stop?: () => Promise<void>;
}

/** Writers are looked for so often; what is written into known ones rings the doorbell. */
const SWEEP_MS = 1000;

/**
 * The loops that deliver what this process writes, and what earlier ones left: in a thread of their own, or in the
 * application's. Nothing throws; what fails is told.
 */
export function startLoops(
  input: LoopInput,
  tell: (message: FromWorker) => void,
  { holdsProcess }: LoopOptions,
  createForm: (tools: LoopTools) => DeliveryForm,
): DeliveryLoops {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const sleep = holdsProcess ? systemSleep : idleSleep;
  /** The host's writer, and where its outcomes are counted. */
  let own = { id: input.writerId, board: new OutcomeBoard(input.board) };
  const doorbell = own.board;
  let { directory } = input;
  const sender = createHttpSender({ proxyEnv: input.proxyEnv, holdsProcess });
  const form = createForm({ send: sender.send, directory: () => directory });
  const { encoder, send, onResolved, beforeOutcome } = form;
  const onState: Parameters<typeof deliverStream>[0]['onState'] = (state) => tell({ type: 'state', state });

  function createDeliverer(journal: string): Deliverer {
    const others = form.others?.(journal);
    return new Deliverer({
      directory: journal,
      host: 'worker',
      encoder,
      send,
      sleep,
      onResolved,
      maxAgeMs: input.maxAgeMs,
      doorbell,
      keeps: (id) => id === own.id,
      siblings: form.siblings,
      key: input.journalKey,
      onAdopted: (id, state) => {
        if (id === own.id) own.board.restoreAll(state);
        else others?.adopted(id, state);
      },
      onOutcome: (id, kind, outcomes) => {
        beforeOutcome?.(kind);
        if (id === own.id) own.board.add(kind, outcomes);
        else others?.outcome(id, kind, outcomes);
      },
      onMaybeTwice: (id, kind, signals) => {
        if (id === own.id) own.board.addMaybeTwice(kind, signals);
        else others?.maybeTwice(id, kind, signals);
      },
      onState: (_id, state) => onState(state),
      onSealed: (writerId) => tell({ type: 'sealed', writerId }),
      onError: (error) => tell({ type: 'error', error: String(error) }),
    });
  }

  let deliverer = directory === undefined ? undefined : createDeliverer(directory);

  const memory = Object.fromEntries(
    SIGNAL_KINDS.map((kind) => [
      kind,
      new MemorySource(
        kind,
        (ids, outcomes) => {
          beforeOutcome?.(kind);
          tell({ type: 'memory-resolved', kind, ids, outcomes });
        },
        (signals) => tell({ type: 'memory-maybe-twice', kind, signals }),
      ),
    ]),
  ) as Record<SignalKind, MemorySource>;
  const memoryStreams = SIGNAL_KINDS.map((kind) =>
    deliverStream({
      source: onResolved === undefined ? memory[kind] : watchResolved(memory[kind], onResolved),
      encoder,
      send,
      clock: systemClock,
      random: Math.random,
      sleep,
      maxAgeMs: input.maxAgeMs,
      onOutcome: () => undefined,
      onState,
      wake: () => memory[kind].filled(),
    }),
  );

  function receive(message: ToWorker): void {
    switch (message.type) {
      case 'journal':
        own = { id: message.writerId, board: new OutcomeBoard(message.board) };
        directory ??= message.directory;
        if (directory !== undefined) deliverer ??= createDeliverer(directory);
        return;
      case 'memory':
        memory[message.record.kind].push(message.record);
        return;
      case 'hurry':
        deliverer?.hurry();
        for (const stream of memoryStreams) stream.hurry();
        return;
      case 'flush-statistics':
        void (form.flushStatistics?.() ?? Promise.resolve()).then(() => tell({ type: 'statistics-flushed' }));
        return;
      case 'stop':
        void stop();
        return;
    }
  }

  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function sweep(): Promise<void> {
    await deliverer?.sweep();
    if (stopped) return;
    timer = setTimeout(() => void sweep(), SWEEP_MS);
    if (!holdsProcess) timer.unref();
  }

  async function stop(): Promise<void> {
    stopped = true;
    clearTimeout(timer);
    await Promise.all([deliverer?.stop(), ...memoryStreams.map((stream) => stream.stop())]);
    await form.stop?.();
    sender.close();
    end();
  }

  void sweep();
  return { receive, ended };
}
