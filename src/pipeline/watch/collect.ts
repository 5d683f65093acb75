import { systemClock } from '../../kernel/clock.ts';
import type { Ledger } from '../../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import { mergeSeries, type MetricId, type Sample } from '../../selfmetrics/metrics.ts';
import { recordCount } from '../../selfmetrics/records.ts';
import { isStateOn } from '../../selfmetrics/states.ts';
import { createTagGuard } from '../../tags/guard.ts';
import { guardLabels } from '../../tags/labels.ts';
import type { Health } from '../session-types.ts';

/** Where the numbers of our own metrics come from. Each is read when the metrics are. */
export interface MetricSources {
  /** Whether the start found the tracer it was asked for. */
  readonly initialized: boolean;
  /** Seconds. */
  readonly uptimeS: () => number;
  readonly ledger: () => Ledger;
  readonly health: () => Health;
  /** HTTP requests this process answered. */
  readonly requests: () => number;
  /** Silence after which a heartbeat trace is made; 0 for never. */
  readonly heartbeatMs: number;
  /** Where somebody beside this process delivers: seconds since that was seen; undefined where nobody can know. */
  readonly besideSilenceS: ((ledger: Ledger) => number | undefined) | undefined;
  readonly tagsDemoted: () => number;
  /** Bytes in use and allowed; undefined without a journal on disk. */
  readonly journalBytes: () => { readonly used: number; readonly limit: number } | undefined;
  /** Wall-clock milliseconds. */
  readonly wallMs: () => number;
}

/** Values that a label of ours may have: reasons, rules and codes are few by themselves, and stay so. */
const MAX_LABEL_VALUES = 200;

/** Reads every metric of our own now. Costs nothing in between. */
export function createCollector(sources: MetricSources): () => readonly Sample[] {
  const guard = createTagGuard({ limit: MAX_LABEL_VALUES, clock: systemClock });
  return () =>
    mergeSeries(
      read(sources).map((sample) =>
        Object.keys(sample.labels).length === 0
          ? sample
          : { ...sample, labels: guardLabels(sample.labels, guard) },
      ),
    );
}

function read(sources: MetricSources): Sample[] {
  const samples: Sample[] = [];
  const add = (metric: MetricId, value: number, labels: Readonly<Record<string, string>> = {}) =>
    void samples.push({ metric, labels, value });
  const each = (metric: MetricId, label: string, counts: Readonly<Record<string, number>>, more = {}) => {
    for (const [text, n] of Object.entries(counts)) add(metric, n, { ...more, [label]: text });
  };

  const ledger = sources.ledger();
  const health = sources.health();
  const delivers = health.delivery !== 'none';
  const besideSilenceS = delivers ? undefined : sources.besideSilenceS?.(ledger);
  // What is not known has no series: a 0 would be read as silence upstream.
  const isKnown = delivers || besideSilenceS !== undefined;
  for (const kind of SIGNAL_KINDS) {
    const row = ledger[kind];
    for (const metric of SOURCE_METRICS) add(metric, row[metric], { kind });
    if (isKnown) for (const metric of DELIVERY_METRICS) add(metric, row[metric], { kind });
    each('dropped', 'reason', row.dropped, { kind });
    each('lost', 'reason', row.lost, { kind });
  }

  add('initialized', sources.initialized ? 1 : 0);
  add('uptime', sources.uptimeS());
  add('journalOnDisk', health.journal.onDisk ? 1 : 0);
  const bytes = sources.journalBytes();
  if (bytes !== undefined) {
    add('journalUsed', bytes.used);
    add('journalLimit', bytes.limit);
  }
  if (delivers) add('deliveryUp', health.delivery === 'up' ? 1 : 0);
  for (const { kind, status, lastSuccessMs } of health.upstream) {
    add('upstreamHeld', status === 'held' ? 1 : 0, { kind });
    if (besideSilenceS !== undefined) continue;
    const silenceS =
      lastSuccessMs === undefined
        ? sources.uptimeS()
        : Math.max(0, (sources.wallMs() - lastSuccessMs) / 1000);
    add('upstreamSilence', silenceS, { kind });
  }
  if (besideSilenceS !== undefined)
    for (const kind of SIGNAL_KINDS) add('upstreamSilence', besideSilenceS, { kind });
  add('flushFailures', recordCount('observability_flush_failed'));
  add('requests', sources.requests());
  add('heartbeat', sources.heartbeatMs / 1000);
  each('warnings', 'code', health.warnings);
  for (const { rule, seen, kept } of health.noise?.rules ?? []) {
    add('noiseSeen', seen, { rule });
    add('noiseKept', kept, { rule });
  }
  add('tagsDemoted', sources.tagsDemoted());
  if (health.evaluation !== undefined) {
    add('recallRequests', health.evaluation.requests);
    add('recallJudged', health.evaluation.judged);
    each('recallSkipped', 'reason', health.evaluation.skipped);
  }
  add('debugOn', isStateOn('debug') ? 1 : 0);
  return samples;
}

const SOURCE_METRICS = ['created', 'inTransit', 'unaccounted'] as const;
const DELIVERY_METRICS = ['delivered', 'pending', 'atRisk', 'sampledOut'] as const;
