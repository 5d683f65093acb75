import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import type { CustodyHooks, ShutdownReport } from '../../contracts/lifecycle.ts';
import { addLedgers } from '../../ledger/account.ts';
import { writeRecord } from '../../selfmetrics/records.ts';
import { environmentWithoutPreloads } from '../../settings/environment.ts';
import type { Settings } from '../../settings/table.ts';
import type { BackendSlot } from '../../spans/wrap.ts';
import { beginLifecycle } from '../begin-lifecycle.ts';
import { createEvaluations } from '../evaluations.ts';
import { serveHealth } from '../health-route.ts';
import { readingKey } from '../open-journal.ts';
import { pendingIn } from '../process-ledger.ts';
import { attachRecall } from '../recall/attach.ts';
import type { Health, Session } from '../session-types.ts';
import { createSignalGuard } from '../tag-guard.ts';
import { beginWatch } from '../watch/begin.ts';
import { usedBytes } from '../watch/used-bytes.ts';
import type { OtlpCustody } from './custody.ts';
import { OtlpEvaluations } from './evaluation-records.ts';
import { describeOtlpHealth } from './health.ts';
import { heartbeatSpan } from './heartbeat.ts';
import type { CustodyPart } from './part.ts';
import { otlpInitializedRecord } from './record.ts';
import { resourceOf, startOtlpStack } from './stack.ts';

export interface OtlpSessionParts {
  readonly settings: Settings;
  readonly custody: OtlpCustody;
  readonly slot: BackendSlot;
  /** Says the slips in the settings that are looked for after the start; does it once. */
  readonly sayRest: () => void;
  /** A processor of the application has switched it on, and no provider is looked for or made; a named stack goes before it. */
  readonly provisional: boolean;
}

/**
 * Switches on stack `otlp` in this thread: custody of OpenTelemetry spans, the wrappers as such spans, evaluations as
 * their events, and the lifecycle. Nothing of Datadog's is loaded. Never throws for what a library does wrong.
 */
export function startOtlpSession(given: OtlpSessionParts): Session {
  const { settings, custody, slot, sayRest, provisional } = given;
  const parts = new Set<CustodyPart>([custody]);
  const each = (step: (part: CustodyPart) => void): void => {
    for (const part of parts) step(part);
  };
  const ledger = () => addLedgers([...parts].map((part) => part.ledger()));
  const upstream = () => [...parts].flatMap((part) => part.upstream());
  const stack = startOtlpStack({ settings, custody });

  const hooks: CustodyHooks = {
    async flush(timeoutMs) {
      const startMs = performance.now();
      each((part) => part.drain());
      // Spans that end in callbacks which are due already are part of what the caller means.
      if (timeoutMs > 0) await turn();
      each((part) => part.drain());
      const counts = ledger();
      const complete = Object.values(counts).every(({ unaccounted }) => unaccounted === 0);
      const report = {
        complete,
        inTransit: 0,
        pending: pendingIn(counts),
        durationMs: performance.now() - startMs,
      };
      if (!complete) writeRecord('observability_flush_failed', { ...report });
      return report;
    },
    drainSync: () => each((part) => part.drain()),
    async deliver(timeoutMs) {
      await Promise.all([...parts].map((part) => part.deliver(timeoutMs)));
    },
    ledger,
    recordShutdown(report: ShutdownReport) {
      writeRecord('observability_shutdown', { ...report, upstream: upstream() });
    },
  };
  const { lifecycle, uninstall } = beginLifecycle(settings, hooks, () => {
    recall.drainSync();
    each((part) => part.conclude());
    sayRest();
  });
  slot.current = stack.backend;
  otlpInitializedRecord({ settings, custody, stack });

  const guard = createSignalGuard(settings);
  const evaluations = createEvaluations({
    settings,
    custody: new OtlpEvaluations(custody, settings),
    slot,
    guard,
  });
  const recall = attachRecall({
    settings,
    // Beside the journal of the first receiver: what a command judges later must not end in one of another form.
    journal: custody.endpoints[0]?.directory,
    form: 'otlp',
    key: readingKey(settings),
    env: environmentWithoutPreloads(),
    slot,
    submit: (input) => evaluations.submit(input, startOtlpSession),
  });
  custody.onLostSpan = (spanId) => recall.lost.add(spanId);
  const health = (): Health => ({
    ...describeOtlpHealth({ custody, stack, ledger: ledger(), upstream: upstream(), alerts: watch.alerts() }),
    evaluation: recall.summary(),
  });
  const watch = beginWatch({
    settings,
    isWatching: isMainThread && settings.alerts && settings.delivery !== 'process',
    initialized: true,
    heartbeat: () => custody.take([heartbeatSpan(resourceOf(settings))]),
    ledger,
    health,
    tagsDemoted: () => guard.demoted(),
    journalBytes: () =>
      usedBytes(
        custody.endpoints.map(({ directory }) => directory),
        settings.journalMaxBytes,
      ),
  });
  const closeRoute =
    settings.healthPort === undefined
      ? undefined
      : serveHealth({ port: settings.healthPort, host: settings.healthHost }, health, () => watch.text());
  const leave = (): void => {
    slot.current = undefined;
    closeRoute?.();
    watch.stop();
    uninstall();
    stack.uninstall();
  };
  return {
    lifecycle,
    submitEvaluation: (input, api) => evaluations.submit(input, api),
    async flush(timeoutMs) {
      const report = await hooks.flush(timeoutMs);
      await hooks.deliver(Math.max(0, timeoutMs - report.durationMs));
      return { ...report, pending: pendingIn(ledger()) };
    },
    ledger,
    health,
    metrics: () => watch.samples(),
    recall,
    join: (part) => void parts.add(part),
    yieldTo: provisional
      ? (next) => {
          const { current } = slot;
          leave();
          // One that is in use goes on by itself: what it submits is in custody, which is given over.
          if (recall.summary() === undefined) void recall.stop();
          // The next session has set its own already, or has none.
          if (current !== stack.backend) slot.current = current;
          each((part) => next.join(part));
        }
      : undefined,
    async stop() {
      leave();
      await recall.stop();
      await Promise.all([...parts].map((part) => part.stop()));
    },
  };
}
