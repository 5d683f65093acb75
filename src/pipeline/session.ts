import { randomUUID } from 'node:crypto';
import { isMainThread } from 'node:worker_threads';
import { followSigners } from '../bridges/aws/follow-signers.ts';
import { guardUndici } from '../bridges/aws/covered-requests.ts';
import type { CustodyHooks } from '../contracts/lifecycle.ts';
import type { UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { addLedgers } from '../ledger/account.ts';
import type { BackendSlot } from '../spans/wrap.ts';
import { agentUrl } from '../settings/agent-url.ts';
import { environmentWithoutPreloads, proxyEnvironment } from '../settings/environment.ts';
import { loadSettings } from '../settings/load.ts';
import type { SettingsOptions } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { beginLifecycle } from './begin-lifecycle.ts';
import { BesideOutcomes } from './beside-outcomes.ts';
import { CustodyStore } from './custody-store.ts';
import type { DeliveryHost } from './delivery-host.ts';
import { createEvaluations } from './evaluations.ts';
import { createHooks } from './hooks.ts';
import { describeHealth } from './health.ts';
import { serveHealth } from './health-route.ts';
import { MemoryRelay } from './memory-relay.ts';
import { openJournal } from './open-journal.ts';
import { NoiseBoard } from './noise-board.ts';
import { createBoardMemory, OutcomeBoard } from './outcome-board.ts';
import { policyOf } from './policy.ts';
import { processLedger } from './process-ledger.ts';
import type { Health, Session } from './session-types.ts';
import { sayProblems } from './settings-problems.ts';
import { isOtlp } from './otlp/choose.ts';
import { startOtlp } from './otlp/join.ts';
import type { CustodyPart } from './otlp/part.ts';
import { createSignalGuard } from './tag-guard.ts';
import { attachRecall } from './recall/attach.ts';
import { beginStartChecks } from './start-checks.ts';
import { initializedRecord } from './start-record.ts';
import { startStack } from './start-stack.ts';
import { targetOf, upstreamUrl } from './target.ts';
import { VERSION } from './version.ts';
import { beginWatch } from './watch/begin.ts';
import { usedBytes } from './watch/used-bytes.ts';
import { startHost } from './start-host.ts';

/** The owner's lease of the journal folder is renewed so often; it only matters where no process table can tell. */
const LEASE_RENEWAL_MS = 10_000;

/**
 * Switches everything on in this thread: journal, seams and tracer, delivery (main thread), lifecycle. Never throws
 * for what a setting or a library does wrong: it says so and leaves out what does not work.
 *
 * @param before one that only a span processor of the application has switched on
 */
export function startSession(options: SettingsOptions, slot: BackendSlot, before?: Session): Session {
  const loaded = loadSettings({ options });
  const { settings, file } = loaded;
  const problems = sayProblems(loaded);
  if (isOtlp(settings)) return before ?? startOtlp(settings, slot, () => problems.sayRest());
  const checks = beginStartChecks(isMainThread ? upstreamUrl(settings) : undefined);
  let host: DeliveryHost | undefined;
  let boardMemory = createBoardMemory();
  let board = new OutcomeBoard(boardMemory);
  const opened = openJournal(
    settings,
    { service: settings.service, delivery: settings.delivery, keepspan: VERSION },
    ({ directory, writerId }) => {
      // Outcomes of the folder before are with whoever has it; the counts of this thread begin anew, too.
      boardMemory = { ...createBoardMemory(), doorbell: boardMemory.doorbell };
      board = new OutcomeBoard(boardMemory);
      host?.journalMoved({ directory, writerId, board: boardMemory });
    },
  );
  const { journal, home } = opened;
  const { directory } = home();
  const relayOutcomes = createBoardMemory();
  const relayToken = randomUUID();
  const upstream = new Map<SignalKind, UpstreamState>();
  const parts = new Set<CustodyPart>();
  const policy = policyOf(settings, file, loaded.valueProblems);
  const noiseMemory = NoiseBoard.memoryFor(policy);
  const noise = new NoiseBoard(noiseMemory, policy);
  let rates = '{}';
  let isDeliveryUp = true;

  const relay = new MemoryRelay(journal, (record) => host?.hand(record) ?? false);
  const custody = new CustodyStore(
    journal,
    () => board.ring(),
    () => relay.filled(),
  );
  const address = agentUrl(settings);
  const env = environmentWithoutPreloads();
  const guard = createSignalGuard(settings);
  // Before the tracer subscribes: what is covered by a signature is decided before anybody adds to a request.
  const awsGuards = settings.custody === 'observe' ? [] : [guardUndici(), followSigners()];
  const evaluations = createEvaluations({ settings, custody, slot, guard, entity: () => stack.entity() });
  const recall = attachRecall({
    settings,
    journal: directory,
    key: opened.key,
    env,
    slot,
    submit: (input) => evaluations.submit(input, startSession),
  });
  const stack = startStack({
    settings,
    agentUrl: address,
    custody,
    guard,
    directory,
    rates: () => rates,
    thins: policy.rules.length > 0,
    board: boardMemory,
    relayOutcomes,
    relayToken,
    onLostSpan: (spanId) => recall.lost.add(spanId),
    join: (part) => void parts.add(part),
    env,
  });
  const ledger = () => {
    const held = stack.inTransit(); // First: it settles with the relay.
    const { lifetime } = home();
    const own = processLedger({ journal, board: beside ?? board, lifetime, inTransit: () => held });
    const relayed = stack.relay === undefined ? [] : [stack.relay.ledger(lifetime)];
    return addLedgers([own, ...relayed, ...[...parts].map((part) => part.ledger())]);
  };
  const upstreamStates = () => [
    ...(beside?.upstream() ?? upstream.values()),
    ...[...parts].flatMap((part) => part.upstream()),
  ];

  const delivery = isMainThread ? settings.delivery : 'none';
  const beside =
    delivery === 'none'
      ? new BesideOutcomes({
          home,
          isReadable: () => journal.onDisk,
          onNobody: () => warnOnce('KS-DELIVERY-006', { directory: home().directory }),
          onError: (error) => warnOnce('KS-DELIVERY-002', { site: 'beside', error: String(error) }),
        })
      : undefined;
  if (delivery !== 'none') {
    host = startHost(delivery, {
      input: {
        keepspanInternal: true,
        directory,
        writerId: home().writerId,
        journalKey: opened.key,
        agentUrl: address,
        target: targetOf(settings, address),
        maxAgeMs: settings.journalMaxAgeMs,
        policy,
        noise: noiseMemory,
        board: boardMemory,
        relayOutcomes,
        relayToken,
        proxyEnv: proxyEnvironment(),
      },
      env,
      onRates: (json) => {
        rates = json;
        stack.relay?.ratesChanged(json);
      },
      onState: (state) => {
        upstream.set(state.kind, state);
        if (state.status === 'held')
          warnOnce('KS-DELIVERY-001', { site: `${state.kind} ${state.httpStatus ?? ''}`, ...state });
      },
      onMemoryResolved: (kind, ids, outcomes) => relay.resolved(kind, ids, outcomes),
      onMemoryMaybeTwice: (kind, signals) => relay.maybeTwice(kind, signals),
      onStatisticsLost: (spans, reason) => warnOnce('KS-DELIVERY-005', { site: reason, spans, reason }),
      onSealed: (writerId) => warnOnce('KS-JOURNAL-006', { site: writerId, writer: writerId }),
      onError: (error) => warnOnce('KS-DELIVERY-002', { site: error, error }),
      onDeath: (error) => {
        relay.takeBack();
        isDeliveryUp = false;
        // What is on disk the thread that comes next sends.
        const statisticsLost = journal.onDisk ? 0 : noise.loseStatistics();
        warnOnce('KS-DELIVERY-003', { error, statisticsLost });
      },
    });
  }

  const lease = setInterval(() => opened.renewLease(), LEASE_RENEWAL_MS).unref();
  const hooks: CustodyHooks = createHooks({
    journal,
    stack,
    custody,
    ledger,
    hurry: () => {
      host?.hurry();
      for (const part of parts) part.hurry();
    },
    catchUp: () => beside?.catchUp(),
    flushStatistics: () => host?.flushStatistics() ?? Promise.resolve(),
    get delivers() {
      return host !== undefined || parts.size > 0;
    },
    get lifetime() {
      return home().lifetime;
    },
    upstream: upstreamStates,
    noise: () => (host === undefined ? undefined : noise.counts()),
  });
  const { lifecycle, uninstall } = beginLifecycle(settings, hooks, () => {
    problems.sayRest();
    hooks.drainSync();
    stack.relay?.conclude();
    recall.drainSync();
    const left = stack.writeOff();
    for (const kind of SIGNAL_KINDS) if (left[kind] > 0) custody.ended(kind, 'lost.unreleased', left[kind]);
    journal.conclude();
    for (const part of parts) part.conclude();
  });
  slot.current = stack.backend;

  initializedRecord({
    settings,
    stack,
    ...home(),
    agentUrl: address,
    host: delivery,
    policy,
    onDisk: journal.onDisk,
    findings: checks.findings(),
  });
  const health = (): Health =>
    describeHealth({
      stack,
      journal,
      ...home(),
      upstream: upstreamStates(),
      noise: host === undefined ? undefined : noise.counts(),
      ledger: ledger(),
      delivery: host === undefined ? 'none' : isDeliveryUp ? 'up' : 'down',
      isDelivered: beside?.isDelivered(),
      findings: checks.findings(),
      evaluation: recall.summary(),
      alerts: watch?.alerts() ?? [],
    });
  const watch = beginWatch({
    settings,
    // A worker thread's numbers are its own; alerts are for the process.
    // Its timers see nothing where everything stands still between two calls.
    isWatching: isMainThread && settings.alerts && delivery !== 'process',
    initialized: stack.name !== 'none',
    heartbeat: stack.heartbeat,
    hasBeside: () => beside !== undefined && home().directory !== undefined,
    ledger,
    health,
    tagsDemoted: () => guard.demoted(),
    journalBytes: () => usedBytes([home().directory], settings.journalMaxBytes),
  });
  const metricsText = () => watch.text();
  const closeRoute =
    settings.healthPort === undefined || !isMainThread
      ? undefined
      : serveHealth({ port: settings.healthPort, host: settings.healthHost }, health, metricsText);
  return {
    lifecycle,
    submitEvaluation: (input, api) => evaluations.submit(input, api),
    flush: async (timeoutMs) => {
      const report = await hooks.flush(timeoutMs);
      await hooks.deliver(Math.max(0, timeoutMs - report.durationMs));
      return { ...report, pending: Object.values(ledger()).reduce((sum, kind) => sum + kind.pending, 0) };
    },
    ledger,
    health,
    metrics: () => watch.samples(),
    recall,
    join: (part) => void parts.add(part),
    async stop() {
      slot.current = undefined;
      clearInterval(lease);
      beside?.stop();
      problems.sayRest();
      checks.stop();
      watch.stop();
      closeRoute?.();
      uninstall();
      hooks.drainSync();
      relay.stop();
      stack.uninstall();
      for (const uninstall of awsGuards) uninstall();
      await stack.relay?.stop();
      await recall.stop();
      await host?.stop();
      journal.close();
      await Promise.all([...parts].map((part) => part.stop()));
    },
  };
}
