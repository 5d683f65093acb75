import { prometheusText } from '../../selfmetrics/prometheus.ts';
import type { Settings } from '../../settings/table.ts';
import { createSilence } from './beside.ts';
import { createCollector, type MetricSources } from './collect.ts';
import { countHttpRequests } from './requests.ts';
import { startWatch, type Watch } from './watch.ts';

export interface BeginWatch extends Pick<
  MetricSources,
  'initialized' | 'ledger' | 'health' | 'tagsDemoted' | 'journalBytes'
> {
  readonly settings: Settings;
  /** Whether the alerts are looked at by themselves. */
  readonly isWatching: boolean;
  readonly heartbeat: (() => void) | undefined;
  /** Whether somebody beside this process may deliver what it journals, and is heard of in its ledger. */
  readonly hasBeside?: (() => boolean) | undefined;
}

/** Our own metrics of a session, with the alerts over them. */
export function beginWatch(parts: BeginWatch): Watch & { text(): string } {
  const { settings, isWatching, heartbeat } = parts;
  const startedMs = performance.now();
  const uptimeS = () => (performance.now() - startedMs) / 1000;
  const requests = countHttpRequests();
  if (isWatching || settings.healthPort !== undefined) requests.count();
  const silence = createSilence(uptimeS);
  const beats = isWatching && heartbeat !== undefined;
  const collect = createCollector({
    ...parts,
    heartbeatMs: beats ? settings.heartbeatMs : 0,
    uptimeS,
    besideSilenceS: (ledger) => (parts.hasBeside?.() === true ? silence(ledger) : undefined),
    requests: requests.count,
    wallMs: Date.now,
  });
  const watch = startWatch({ settings: { ...settings, alerts: isWatching }, collect, heartbeat });
  const common = { service: settings.service, ...(settings.env === undefined ? {} : { env: settings.env }) };
  return {
    ...watch,
    text: () => prometheusText(watch.samples(), common),
    stop() {
      requests.stop();
      watch.stop();
    },
  };
}
