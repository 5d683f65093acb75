import { type AlertStatus, createAlertEvaluator } from '../../alerts/evaluator.ts';
import { CONDITIONS } from '../../alerts/conditions.ts';
import { INTERVAL_MS } from '../../alerts/condition.ts';
import { errorText } from '../../kernel/error-text.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { MetricId, Sample } from '../../selfmetrics/metrics.ts';
import { writeRecord } from '../../selfmetrics/records.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import type { Settings } from '../../settings/table.ts';
import { createWebhook, messageOf } from './webhook.ts';

export interface WatchOptions {
  readonly settings: Pick<Settings, 'alerts' | 'alertWebhook' | 'heartbeatMs' | 'service' | 'env'>;
  readonly collect: () => readonly Sample[];
  /** Makes a trace of its own, so that silence upstream has one meaning; undefined where the stack cannot. */
  readonly heartbeat: (() => void) | undefined;
  readonly now?: () => number;
  readonly wall?: () => number;
}

/** Our own metrics, looked at by the alerts of this process. */
export interface Watch {
  /** Every metric now, the states of the alerts among them. */
  samples(): readonly Sample[];
  alerts(): readonly AlertStatus[];
  /** One look, as the timer does it. */
  look(): void;
  stop(): void;
}

const STATES = { quiet: 0, pending: 1, firing: 2 } as const;

/** Looks every 15 s, by a timer that holds nobody. With alerts switched off there is no timer, and metrics are still read. */
export function startWatch(options: WatchOptions): Watch {
  const { settings, collect, heartbeat, now = () => performance.now(), wall = Date.now } = options;
  const heartbeatMs = heartbeat === undefined ? 0 : settings.heartbeatMs;
  const evaluator = createAlertEvaluator(CONDITIONS, { heartbeatMs });
  const webhook =
    settings.alertWebhook === undefined ? undefined : createWebhook({ url: settings.alertWebhook });
  let busyAtMs = now();
  let seen: Signs = { spans: 0, llmSpans: 0, created: 0 };

  const beat = (samples: readonly Sample[]) => {
    if (heartbeatMs === 0) return;
    const signs = signsIn(samples);
    if (isLife(signs, seen)) {
      seen = signs;
      busyAtMs = now();
    } else if (now() - busyAtMs >= heartbeatMs) {
      heartbeat?.();
      busyAtMs = now();
    }
  };
  const look = () => {
    try {
      const samples = collect();
      beat(samples);
      for (const change of evaluator.look(now(), samples)) {
        const message = messageOf(change, { service: settings.service, env: settings.env, wallMs: wall() });
        const { schemaVersion: _version, time: _time, ...fields } = message;
        writeRecord('observability_alert', fields);
        webhook?.send(message);
      }
    } catch (error) {
      warnOnce('KS-ALERT-901', { error: errorText(error) });
    }
  };
  const timer = settings.alerts ? setInterval(look, INTERVAL_MS).unref() : undefined;
  return {
    samples: () => [
      ...collect(),
      ...evaluator.statuses().map(({ name, severity, state }) => ({
        metric: 'alertState' as const,
        labels: { alert: name, severity },
        value: STATES[state],
      })),
    ],
    alerts: () => evaluator.statuses(),
    look,
    stop: () => clearInterval(timer),
  };
}

/** What traces have come to: counters of a process at one look. */
interface Signs {
  /** Acknowledged upstream; where somebody else delivers, made. */
  readonly spans: number;
  readonly llmSpans: number;
  /** Spans that were made, without those that are LLM spans alone. */
  readonly created: number;
}

/**
 * Traces that upstream acknowledged: noise that a policy takes out here is no sign of life. Where somebody else delivers,
 * traces that were made.
 */
function signsIn(samples: readonly Sample[]): Signs {
  const of = (id: MetricId, kind: SignalKind) =>
    samples.find(({ metric, labels }) => metric === id && labels['kind'] === kind)?.value;
  const created = of('created', 'spans') ?? 0;
  return {
    spans: of('delivered', 'spans') ?? created,
    llmSpans: of('delivered', 'llmSpans') ?? of('created', 'llmSpans') ?? 0,
    created,
  };
}

/**
 * A trace of either kind. LLM spans answer for no other spans that were made since one was acknowledged: those may have a
 * way of their own, as on stack `datadog`, where each LLM span has an APM span besides.
 */
function isLife(now: Signs, seen: Signs): boolean {
  return now.spans !== seen.spans || (now.llmSpans !== seen.llmSpans && now.created === seen.created);
}
