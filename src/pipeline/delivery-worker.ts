import { parentPort, workerData } from 'node:worker_threads';
import type { SignalKind } from '../contracts/signal.ts';
import { createHttpSender } from '../delivery/http-sender.ts';
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
import type { FromWorker, ToWorker, WorkerInput } from './worker-messages.ts';

/** Writers are looked for so often; what is written into known ones rings the doorbell. */
const SWEEP_MS = 1000;

const input = workerData as WorkerInput;
const port = parentPort!;
const tell = (message: FromWorker): void => port.postMessage(message);

const board = new OutcomeBoard(input.board);
const relayBoard = new OutcomeBoard(input.relayOutcomes);
const relays = new RelayWriters(input.directory ?? '', input.relayToken);
const sender = createHttpSender({ proxyEnv: input.proxyEnv });
const thinning = thinningBy(input.policy);
const noise = new NoiseBoard(input.noise, input.policy);
const toDatadog = {
  target: () => input.target,
  agentUrl: () => input.agentUrl,
  onAnswer: ({ rateByService }: AgentAnswer) => tell({ type: 'rates', json: JSON.stringify(rateByService) }),
};
const encoder = createDatadogEncoder({ ...toDatadog, ...thinning.options });

const deliverer = new Deliverer({
  directory: input.directory ?? '',
  host: 'worker',
  encoder,
  send: sender.send,
  maxAgeMs: input.maxAgeMs,
  doorbell: board,
  keep: input.writerId,
  key: input.journalKey,
  onAdopted: (id, state) => {
    const restored = id === input.writerId ? board : relays.first(id) ? relayBoard : undefined;
    for (const kind of SIGNAL_KINDS) restored?.restore(kind, state[kind].counts, state[kind].maybeTwice);
  },
  onOutcome: (id, kind, outcomes) => {
    // Before the outcomes of the same batch: a shutdown's record then has both.
    if (kind === 'spans') noise.set(thinning.sampler.counts());
    if (id === input.writerId) board.add(kind, outcomes);
    else if (relays.has(id)) relayBoard.add(kind, outcomes);
  },
  onMaybeTwice: (id, kind, signals) => {
    if (id === input.writerId) board.addMaybeTwice(kind, signals);
    else if (relays.has(id)) relayBoard.addMaybeTwice(kind, signals);
  },
  onState: (_id, state) => tell({ type: 'state', state }),
  onSealed: (writerId) => tell({ type: 'sealed', writerId }),
  onError: (error) => tell({ type: 'error', error: String(error) }),
});

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
/** What the disk refused is sent whole: the counter page has no place for what would be sampled out of it. */
const wholeEncoder = createDatadogEncoder(toDatadog);
const memoryStreams = SIGNAL_KINDS.map((kind) =>
  deliverStream({
    source: memory[kind],
    encoder: wholeEncoder,
    send: sender.send,
    clock: systemClock,
    random: Math.random,
    maxAgeMs: input.maxAgeMs,
    onOutcome: () => undefined,
    onState: (state) => tell({ type: 'state', state }),
    wake: () => memory[kind].filled(),
  }),
);

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'memory':
      memory[message.record.kind].push(message.record);
      return;
    case 'hurry':
      deliverer.hurry();
      for (const stream of memoryStreams) stream.hurry();
      return;
    case 'stop':
      void stop();
      return;
  }
});

let timer: NodeJS.Timeout | undefined;
let stopped = false;

async function sweep(): Promise<void> {
  if (input.directory !== undefined) await deliverer.sweep();
  if (!stopped) timer = setTimeout(() => void sweep(), SWEEP_MS);
}

async function stop(): Promise<void> {
  stopped = true;
  clearTimeout(timer);
  await Promise.all([deliverer.stop(), ...memoryStreams.map((stream) => stream.stop())]);
  sender.close();
  port.close();
}

void sweep();
