import { hostname } from 'node:os';
import type { SignalKind } from '../contracts/signal.ts';
import type { DeliveryLoops, LoopOptions } from './delivery-host.ts';
import { createHttpSender } from '../delivery/http-sender.ts';
import { idleSleep, systemSleep } from '../delivery/pacer.ts';
import { deliverStream } from '../delivery/stream.ts';
import { systemClock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { type AgentAnswer, createDatadogEncoder } from '../wire/datadog/encode.ts';
import { Deliverer } from './deliverer.ts';
import { MemorySource } from './memory-source.ts';
import { NoiseBoard } from './noise-board.ts';
import { OutcomeBoard } from './outcome-board.ts';
import { thinningBy } from './policy.ts';
import { RelayWriters } from './relay-writers.ts';
import { watchResolved } from './resolved-records.ts';
import { StatisticsSpool } from './statistics/spool.ts';
import { Statistics } from './statistics/statistics.ts';
import type { FromWorker, ToWorker, WorkerInput } from './worker-messages.ts';

/** Writers are looked for so often; what is written into known ones rings the doorbell. */
const SWEEP_MS = 1000;

/** A thread that is stopped waits so long for the Agent to take its statistics. */
const STATISTICS_MS = 250;

/**
 * The loops that deliver what this process writes, and what earlier ones left: in a thread of their own, or in the
 * application's. Nothing throws; what fails is told.
 */
export function startDelivery(
  input: WorkerInput,
  tell: (message: FromWorker) => void,
  { holdsProcess }: LoopOptions,
): DeliveryLoops {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const sleep = holdsProcess ? systemSleep : idleSleep;
  /** The host's writer, and where its outcomes are counted. */
  let own = { id: input.writerId, board: new OutcomeBoard(input.board) };
  const doorbell = own.board;
  const relayBoard = new OutcomeBoard(input.relayOutcomes);
  /** Undefined while there is no journal. */
  let { directory } = input;
  const sender = createHttpSender({ proxyEnv: input.proxyEnv, holdsProcess });
  const thinning = thinningBy(input.policy);
  const noise = new NoiseBoard(input.noise, input.policy);
  const statistics =
    input.policy.rules.length === 0
      ? undefined
      : new Statistics({
          agentUrl: input.agentUrl,
          hostname: hostname(),
          send: sender.send,
          onCount: (what, spans) => noise.addStatistics(what, spans),
          spool: new StatisticsSpool({
            directory: () => directory,
            key: input.journalKey,
            token: input.relayToken,
            onError: (error) => tell({ type: 'error', error: `statistics: ${String(error)}` }),
          }),
          onLost: (spans, reason) => tell({ type: 'statistics-lost', spans, reason }),
        });
  const send = statistics?.send ?? sender.send;
  const onResolved = statistics === undefined ? undefined : statistics.note.bind(statistics);
  const toDatadog = {
    target: () => input.target,
    agentUrl: () => input.agentUrl,
    onAnswer: ({ rateByService }: AgentAnswer) =>
      tell({ type: 'rates', json: JSON.stringify(rateByService) }),
  };
  const encoder = createDatadogEncoder({ ...toDatadog, ...thinning.options });

  function createDeliverer(journal: string): Deliverer {
    const relays = new RelayWriters(journal, input.relayToken);
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
      key: input.journalKey,
      onAdopted: (id, state) => {
        if (id === own.id) own.board.restoreAll(state);
        else relayBoard.adopt(relays.adopt(id), state, relays.moves);
      },
      onOutcome: (id, kind, outcomes) => {
        // Before the outcomes of the same batch: a shutdown's record then has both.
        if (kind === 'spans') noise.set(thinning.sampler.counts());
        if (id === own.id) own.board.add(kind, outcomes);
        else if (relays.has(id)) relayBoard.add(kind, outcomes);
      },
      onMaybeTwice: (id, kind, signals) => {
        if (id === own.id) own.board.addMaybeTwice(kind, signals);
        else if (relays.has(id)) relayBoard.addMaybeTwice(kind, signals);
      },
      onState: (_id, state) => tell({ type: 'state', state }),
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
          if (kind === 'spans') noise.set(thinning.sampler.counts());
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
      onState: (state) => tell({ type: 'state', state }),
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
        void (statistics?.flush() ?? Promise.resolve()).then(() => tell({ type: 'statistics-flushed' }));
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
    await statistics?.stop(STATISTICS_MS);
    sender.close();
    end();
  }

  void sweep();
  return { receive, ended };
}
