import { hostname } from 'node:os';
import type { Send } from '../delivery/send.ts';
import { type AgentAnswer, createDatadogEncoder } from '../wire/datadog/encode.ts';
import type { DeliveryLoops, LoopOptions } from './delivery-host.ts';
import { startLoops, type LoopTools, type OtherWriters } from './loops.ts';
import { NoiseBoard } from './noise-board.ts';
import { OutcomeBoard } from './outcome-board.ts';
import { thinningBy } from './policy.ts';
import { RelayWriters } from './relay-writers.ts';
import { StatisticsSpool } from './statistics/spool.ts';
import { Statistics } from './statistics/statistics.ts';
import type { FromWorker, WorkerInput } from './worker-messages.ts';

/** A thread that is stopped waits so long for the Agent to take its statistics. */
const STATISTICS_MS = 250;

/** The loops that deliver to Datadog: thinned by the policy, with hit statistics of everything. */
export function startDelivery(
  input: WorkerInput,
  tell: (message: FromWorker) => void,
  options: LoopOptions,
): DeliveryLoops {
  const thinning = thinningBy(input.policy);
  const noise = new NoiseBoard(input.noise, input.policy);
  const encoder = createDatadogEncoder({
    target: () => input.target,
    agentUrl: () => input.agentUrl,
    onAnswer: ({ rateByService }: AgentAnswer) =>
      tell({ type: 'rates', json: JSON.stringify(rateByService) }),
    ...thinning.options,
  });
  return startLoops(input, tell, options, (tools) => {
    const statistics = input.policy.rules.length === 0 ? undefined : countHits(tools, input, noise, tell);
    const send: Send = statistics?.send ?? tools.send;
    return {
      encoder,
      send,
      onResolved: statistics?.note.bind(statistics),
      // A shutdown's record then has both.
      beforeOutcome: (kind) => {
        if (kind === 'spans') noise.set(thinning.sampler.counts());
      },
      siblings: true,
      others: (directory) => relayWriters(directory, input),
      flushStatistics: () => statistics?.flush() ?? Promise.resolve(),
      stop: () => statistics?.stop(STATISTICS_MS) ?? Promise.resolve(),
    };
  });
}

function countHits(
  { send, directory }: LoopTools,
  { agentUrl, journalKey: key, relayToken: token }: WorkerInput,
  noise: NoiseBoard,
  tell: (message: FromWorker) => void,
): Statistics {
  return new Statistics({
    agentUrl,
    hostname: hostname(),
    send,
    onCount: (what, spans) => noise.addStatistics(what, spans),
    onLost: (spans, reason) => tell({ type: 'statistics-lost', spans, reason }),
    spool: new StatisticsSpool({
      directory,
      key,
      token,
      onError: (error) => tell({ type: 'error', error: `statistics: ${String(error)}` }),
    }),
  });
}

/** Of other writers those of this process' loopback relay have a board. */
function relayWriters(directory: string, { relayToken, relayOutcomes }: WorkerInput): OtherWriters {
  const board = new OutcomeBoard(relayOutcomes);
  const relays = new RelayWriters(directory, relayToken);
  return {
    adopted: (id, state) => board.adopt(relays.adopt(id), state, relays.moves),
    outcome(id, kind, outcomes) {
      if (relays.has(id)) board.add(kind, outcomes);
    },
    maybeTwice(id, kind, signals) {
      if (relays.has(id)) board.addMaybeTwice(kind, signals);
    },
  };
}
