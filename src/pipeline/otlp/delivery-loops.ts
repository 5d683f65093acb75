import type { SignalKind } from '../../contracts/signal.ts';
import { createHttpSender } from '../../delivery/http-sender.ts';
import { idleSleep, systemSleep } from '../../delivery/pacer.ts';
import { deliverStream } from '../../delivery/stream.ts';
import { systemClock } from '../../kernel/clock.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import { createOtlpEncoder } from '../../wire/otlp/encode.ts';
import type { DeliveryLoops, LoopOptions } from '../delivery-host.ts';
import { Deliverer } from '../deliverer.ts';
import { MemorySource } from '../memory-source.ts';
import { OutcomeBoard } from '../outcome-board.ts';
import type { FromWorker, ToWorker } from '../worker-messages.ts';
import type { OtlpWorkerInput } from './worker-input.ts';

/** Writers are looked for so often; what is written into known ones rings the doorbell. */
const SWEEP_MS = 1000;

/** The loops that deliver to one OTLP receiver: in a thread of their own, or in the application's. Nothing throws. */
export function startOtlpDelivery(
  input: OtlpWorkerInput,
  tell: (message: FromWorker) => void,
  { holdsProcess }: LoopOptions,
): DeliveryLoops {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const sleep = holdsProcess ? systemSleep : idleSleep;
  /** The host's writer, and where its outcomes are counted. */
  let own = { id: input.writerId, board: new OutcomeBoard(input.board) };
  const doorbell = own.board;
  const sender = createHttpSender({ proxyEnv: input.proxyEnv, holdsProcess });
  const encoder = createOtlpEncoder(input.target);

  function createDeliverer(directory: string): Deliverer {
    return new Deliverer({
      directory,
      host: 'worker',
      encoder,
      send: sender.send,
      sleep,
      maxAgeMs: input.maxAgeMs,
      doorbell,
      keeps: (id) => id === own.id,
      // Other threads of the application have a deliverer of their own, on whose board they count.
      siblings: false,
      key: input.journalKey,
      onAdopted: (id, state) => {
        if (id !== own.id) return;
        for (const kind of SIGNAL_KINDS) own.board.restore(kind, state[kind].counts, state[kind].maybeTwice);
      },
      onOutcome: (id, kind, outcomes) => {
        if (id === own.id) own.board.add(kind, outcomes);
      },
      onMaybeTwice: (id, kind, signals) => {
        if (id === own.id) own.board.addMaybeTwice(kind, signals);
      },
      onState: (_id, state) => tell({ type: 'state', state }),
      onSealed: (writerId) => tell({ type: 'sealed', writerId }),
      onError: (error) => tell({ type: 'error', error: String(error) }),
    });
  }

  /** Undefined while there is no journal. */
  let deliverer = input.directory === undefined ? undefined : createDeliverer(input.directory);

  const memory = Object.fromEntries(
    SIGNAL_KINDS.map((kind) => [
      kind,
      new MemorySource(
        kind,
        (ids, outcomes) => tell({ type: 'memory-resolved', kind, ids, outcomes }),
        (signals) => tell({ type: 'memory-maybe-twice', kind, signals }),
      ),
    ]),
  ) as Record<SignalKind, MemorySource>;
  const memoryStreams = SIGNAL_KINDS.map((kind) =>
    deliverStream({
      source: memory[kind],
      encoder,
      send: sender.send,
      clock: systemClock,
      random: Math.random,
      sleep,
      maxAgeMs: input.maxAgeMs,
      onOutcome: () => undefined,
      onState: (state) => tell({ type: 'state', state }),
      wake: () => memory[kind].filled(),
    }),
  );

  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function receive(message: ToWorker): void {
    switch (message.type) {
      case 'journal':
        own = { id: message.writerId, board: new OutcomeBoard(message.board) };
        if (message.directory !== undefined) deliverer ??= createDeliverer(message.directory);
        return;
      case 'memory':
        memory[message.record.kind].push(message.record);
        return;
      case 'hurry':
        deliverer?.hurry();
        for (const stream of memoryStreams) stream.hurry();
        return;
      case 'flush-statistics':
        tell({ type: 'statistics-flushed' }); // Datadog's, which are never made here.
        return;
      case 'stop':
        void stop();
        return;
    }
  }

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
    sender.close();
    end();
  }

  void sweep();
  return { receive, ended };
}
