import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { UpstreamState } from '../contracts/delivery.ts';
import type { NoiseCounts } from '../contracts/sampling.ts';
import { createHttpSender } from '../delivery/http-sender.ts';
import { checkFormat, openDirectory } from '../journal/directory.ts';
import { agentUrl } from '../settings/agent-url.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { proxyEnvironment } from '../settings/environment.ts';
import type { Settings } from '../settings/table.ts';
import { createDatadogEncoder } from '../wire/datadog/encode.ts';
import { Deliverer } from './deliverer.ts';
import { journalsIn, RECEIVER_FILE } from './journals.ts';
import { journalKey } from './open-journal.ts';
import { ReceiversBeside, sayUnknownReceiver } from './otlp/receivers-beside.ts';
import { readJournalLedger } from './ledger-view.ts';
import { policyOf, thinningBy } from './policy.ts';
import { pendingIn } from './process-ledger.ts';
import { StatisticsSpool } from './statistics/spool.ts';
import { Statistics } from './statistics/statistics.ts';
import { targetOf } from './target.ts';

export interface SidecarOptions {
  readonly directory: string;
  readonly settings: Settings;
  /** @param upstream the address of an OTLP receiver, without credentials; undefined for Datadog */
  readonly onState: (state: UpstreamState, upstream?: string) => void;
  readonly onError: (error: unknown) => void;
}

/** When a drain ends although something is pending and time is left. */
export interface DrainLimits {
  /** Nothing was acknowledged for so long, and waiting has no point because the journal stays. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Delivery beside the processes that journal: one for a directory, whoever writes into it, the journals of OTLP receivers
 * below it among them.
 */
export interface Sidecar {
  /** What the sampling policy did here, with the hit statistics; undefined without one. */
  noise(): NoiseCounts | undefined;
  /** Signals in the directory that nobody acknowledged, read from its files. */
  pending(): number;
  /**
   * Delivers until nothing is pending that could be delivered here, until `timeoutMs`, or until `until` says so; resolves
   * with everything that is left.
   */
  drain(timeoutMs: number, until?: DrainLimits): Promise<number>;
  stop(): Promise<void>;
}

const SWEEP_MS = 1000;
/** Another process's doorbell cannot be heard: loops look again after so long. */
const LOOK_AGAIN_MS = 100;
const DRAIN_POLL_MS = 50;

/** Who stops waits so long for the Agent to take the last statistics. */
const STATISTICS_MS = 250;

/**
 * Starts to deliver a journal directory.
 *
 * @throws JournalDirectoryError when the directory cannot be used
 */
export function startSidecar({ directory, settings, onState, onError }: SidecarOptions): Sidecar {
  // A receiver's own folder holds nothing that an Agent could read.
  const isReceivers = existsSync(join(directory, RECEIVER_FILE));
  const path = openDirectory(directory);
  for (const journal of journalsIn(path)) checkFormat(journal.directory);
  const address = agentUrl(settings);
  const key = journalKey(settings);
  const sender = createHttpSender({ proxyEnv: proxyEnvironment() });
  const policy = policyOf(settings);
  const counts = { counted: 0, reported: 0, maybeTwice: 0, lost: 0 };
  const thinning = thinningBy(policy);
  const statistics =
    policy.rules.length === 0
      ? undefined
      : new Statistics({
          agentUrl: address,
          hostname: hostname(),
          send: sender.send,
          onCount: (what, spans) => (counts[what] += spans),
          spool: new StatisticsSpool({
            directory: () => path,
            key: key === 'unusable' ? undefined : key,
            token: randomUUID(),
            onError,
          }),
          onLost: (spans, reason) => warnOnce('KS-DELIVERY-005', { site: reason, spans, reason }),
        });
  const shared = {
    key: key === 'unusable' ? undefined : key,
    maxAgeMs: settings.journalMaxAgeMs,
    doorbell: {
      rings: () => 0,
      rung: (_seen: number, timeoutMs: number) => pause(Math.min(LOOK_AGAIN_MS, timeoutMs)),
    },
    onSealed: (writerId: string) => warnOnce('KS-JOURNAL-006', { site: writerId, writer: writerId }),
    onError,
  };
  const datadog = new Deliverer({
    ...shared,
    directory: path,
    host: 'sidecar',
    encoder: createDatadogEncoder({
      target: () => targetOf(settings, address),
      agentUrl: () => address,
      ...thinning.options,
    }),
    send: statistics?.send ?? sender.send,
    onResolved: statistics === undefined ? undefined : statistics.note.bind(statistics),
    onOutcome: () => undefined,
    onMaybeTwice: () => undefined,
    onState: (_writerId, state) => onState(state),
  });
  const receivers = new ReceiversBeside({
    ...shared,
    directory: path,
    settings,
    send: sender.send,
    onState,
    onUnknown: sayUnknownReceiver,
  });
  const deliverers = isReceivers ? [receivers] : [datadog, receivers];
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const sweep = async (): Promise<void> => {
    for (const deliverer of deliverers) await deliverer.sweep();
    if (!stopped) timer = setTimeout(() => void sweep(), SWEEP_MS);
  };
  void sweep();

  const count = (): { readonly pending: number; readonly ours: number } => {
    let all = 0;
    let ours = 0;
    for (const journal of journalsIn(path)) {
      for (const { ledger, state, delivery } of readJournalLedger(journal.directory).writers) {
        const waits = pendingIn(ledger);
        all += waits;
        // A living process that delivers by itself does so to the end; a receiver nobody knows cannot be waited for.
        const byItself = journal.receiver !== undefined && state === 'running' && delivery !== 'none';
        if (!byItself && !receivers.isUnknown(journal.directory)) ours += waits;
      }
    }
    return { pending: all, ours };
  };
  return {
    pending: () => count().pending,
    noise: () =>
      policy.rules.length === 0 ? undefined : { ...thinning.sampler.counts(), statistics: counts },
    async drain(timeoutMs, { patienceMs = Number.POSITIVE_INFINITY, signal } = {}) {
      const deadlineMs = performance.now() + timeoutMs;
      for (const deliverer of deliverers) deliverer.hurry();
      for (const deliverer of deliverers) await deliverer.sweep();
      let progressMs = performance.now();
      let left = Number.POSITIVE_INFINITY;
      for (;;) {
        const startMs = performance.now();
        const { pending, ours } = count();
        if (ours < left) progressMs = performance.now();
        left = ours;
        const overMs = Math.min(deadlineMs, progressMs + patienceMs);
        if (ours === 0 || performance.now() >= overMs || signal?.aborted === true) return pending;
        // Reading a large backlog takes its time; most of it belongs to delivery.
        const pauseMs = Math.max(DRAIN_POLL_MS, 4 * (performance.now() - startMs));
        await pause(Math.min(pauseMs, overMs - performance.now()), undefined, { signal }).catch(
          () => undefined,
        );
      }
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      for (const deliverer of deliverers) await deliverer.sweep(); // Brings drained writers of dead processes to their end.
      await Promise.all(deliverers.map((deliverer) => deliverer.stop()));
      await statistics?.stop(STATISTICS_MS);
      sender.close();
    },
  };
}
