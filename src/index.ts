import type { EvaluationInput } from './contracts/evaluation.ts';
import type { Ledger } from './contracts/ledger.ts';
import type { FlushReport, ManagedStep, ResourcePhase, ShutdownReport } from './contracts/lifecycle.ts';
import type { ExportedSpan, SpanKind } from './contracts/signal.ts';
import type { Annotation, SpanOptions } from './contracts/spans.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { errorText } from './kernel/error-text.ts';
import { EMPTY_LEDGER } from './kernel/empty-ledger.ts';
import { shared } from './pipeline/global.ts';
import { lazily, start } from './pipeline/init.ts';
import { flushing, type LambdaOptions } from './pipeline/lambda.ts';
import type { Health } from './pipeline/session-types.ts';
import { callSite } from './spans/call-site.ts';
import { createWrap, type AnyFunction } from './spans/wrap.ts';
import type { SettingsOptions } from './settings/table.ts';
import { isStackOff } from './settings/switch.ts';
import type { MeterLike } from './selfmetrics/otel-metrics.ts';
import { warnOnce } from './selfmetrics/warnings.ts';

export type { EvaluationInput, MetricType } from './contracts/evaluation.ts';
export type { KindLedger, Ledger, Reasons } from './contracts/ledger.ts';
export type { FlushReport, Phase, ResourcePhase, ShutdownReport, StepReport } from './contracts/lifecycle.ts';
export type { UpstreamState } from './contracts/delivery.ts';
export type { ExportedSpan, SignalKind, SpanKind } from './contracts/signal.ts';
export type { Annotation, SpanOptions } from './contracts/spans.ts';
export type { LambdaOptions } from './pipeline/lambda.ts';
export type { Drift } from './evaluation/calibration/drift.ts';
export type { Interval } from './evaluation/calibration/intervals.ts';
export type { RecallSummary } from './evaluation/recall/summary.ts';
export type { RecallHealth } from './pipeline/recall/health.ts';
export type { Health } from './pipeline/session-types.ts';
export type { AlertState, AlertStatus } from './alerts/evaluator.ts';
export type { MeterLike } from './selfmetrics/otel-metrics.ts';
export type { AnyFunction } from './spans/wrap.ts';

const wrap = createWrap(shared().slot, (code, error, site) => {
  warnOnce(code, { site, error: errorText(error) });
});

/**
 * Wraps a function so that each call is a span of its kind in LLM Observability. Sync, async, generators, async
 * generators and streams keep behaviour, `this`, results, errors and types. With nothing switched on the function
 * runs as it is; with `KEEPSPAN_STACK=off` the wrapper is the function itself. A span ends when the work does: when
 * the promise settles, when the stream or iterator ends, is broken off or is forgotten. A class is no function to be
 * wrapped: it comes back as it is, with a warning.
 *
 * @example
 * const extract = workflow('workflow.field_extraction', async (field: string) => …);
 */
function wrapper(kind: SpanKind) {
  return <F extends AnyFunction>(nameOrOptions: string | SpanOptions, fn: F): F =>
    isStackOff() ? fn : wrap(kind)(nameOrOptions, fn);
}

/** A predetermined sequence of operations: the root of one piece of LLM work. */
export const workflow = wrapper('workflow');
/** A step that calls no outside service by itself. */
export const task = wrapper('task');
/** A sequence of operations that a model decides on. */
export const agent = wrapper('agent');
/** A call that a model asked for. */
export const tool = wrapper('tool');
/** A call to a model; not needed where the client is instrumented already. */
export const llm = wrapper('llm');
/** A search that returns documents. */
export const retrieval = wrapper('retrieval');
/** A call that returns embeddings. */
export const embedding = wrapper('embedding');

/**
 * Switches on what the environment or the options ask for; the preload `keepspan/register` does it for you. Loaded
 * later than the libraries it should observe, it sees less. Idempotent; never throws.
 *
 * @returns whether observability is on
 */
export function initObservability(options: SettingsOptions = {}): boolean {
  return start(options);
}

/** Whether anything is switched on in this thread: what gates work that is done for observability alone. */
export function isObservabilityEnabled(): boolean {
  return shared().session !== undefined;
}

/** Says more about the active span. Bad input is one warning; never throws (law L6). */
export function annotate(annotation: Annotation): void {
  const backend = shared().slot.current;
  if (backend === undefined) return;
  try {
    backend.annotate(annotation);
  } catch (error) {
    warnOnce('KS-SPAN-004', { site: callSite(annotate), error: errorText(error) });
  }
}

/** The active span, to be judged later, here or in another process. Undefined when there is none. */
export function exportSpan(): ExportedSpan | undefined {
  try {
    return shared().slot.current?.exportSpan();
  } catch (error) {
    warnOnce('KS-SPAN-003', { site: 'exportSpan', error: errorText(error) });
    return undefined;
  }
}

/**
 * Submits an evaluation of a span. It is in the journal when this returns true (law L2). Bad input is one warning a
 * call site and a count; never throws.
 */
export function submitEvaluation(input: EvaluationInput): boolean {
  return shared().session?.submitEvaluation(input, submitEvaluation) ?? false;
}

/**
 * Takes everything finished into custody, by proof of independent counts, then waits for its delivery.
 *
 * @param options.timeoutMs milliseconds for all of it; default 5,000
 * @returns what is pending, as a value: it never rejects
 */
export async function flushObservability(
  options: { readonly timeoutMs?: number } = {},
): Promise<FlushReport> {
  const timeoutMs = options?.timeoutMs;
  // NaN would wait for ever, and whoever divides by zero on the way out must not hang there.
  const bounded = typeof timeoutMs === 'number' && timeoutMs >= 0 ? timeoutMs : 5000;
  return (await shared().session?.flush(bounded)) ?? NOTHING_TO_FLUSH;
}

/**
 * Wraps a handler of AWS Lambda, so that an invocation ends when its signals are delivered: the sandbox stands still
 * from the answer to the next event, and may never go on. Async, callback and streaming handlers keep their results and
 * errors. With nothing switched on the handler runs as it is; with `KEEPSPAN_STACK=off` it is returned as it is.
 *
 * @example
 * export const handler = lambda(async (event, context) => …);
 *
 * @param options.timeoutMs milliseconds an invocation may wait for delivery; default 2,000, and never more than it has
 * left. What is not delivered by then stays in the journal, and goes with the next invocation
 */
export function lambda<F extends AnyFunction>(handler: F, options: LambdaOptions = {}): F {
  if (isStackOff()) return handler;
  return flushing(handler, () => shared().session, options);
}

/**
 * Closes a resource in its phase of the shutdown: HTTP servers and consumers, then producers, then pools. Servers,
 * Fastify, kafkajs, pg and anything with a recognisable close need no more than this.
 *
 * @returns the resource itself
 */
export function manage<T>(
  resource: T,
  options: { readonly phase?: ResourcePhase; readonly name?: string } = {},
): T {
  return lifecycle().manage(resource, options);
}

/**
 * Adds a step to a phase of the shutdown.
 *
 * @param options.timeoutMs milliseconds the step may take; may exceed the phase's budget while time is spare
 * @returns what removes the step again
 */
export function onShutdown(
  phase: ResourcePhase,
  name: string,
  fn: ManagedStep['close'],
  options: { readonly timeoutMs?: number } = {},
): () => void {
  return lifecycle().onShutdown(phase, name, fn, options);
}

/**
 * Runs the whole shutdown, once, inside its total budget: custody, consumers, producers, pools, custody again. It
 * does not exit. Never rejects.
 */
export function shutdown(reason = 'shutdown'): Promise<ShutdownReport> {
  return lifecycle().shutdown(reason);
}

/** The ledger of this thread as it stands. */
export function ledger(): Ledger {
  return shared().session?.ledger() ?? EMPTY_LEDGER;
}

/** How things stand, and every reason why they are not as promised. */
export function health(): Health {
  return shared().session?.health() ?? DISABLED;
}

/**
 * Gives Keepspan's own metrics (docs/reference/metrics.md) to an OpenTelemetry meter, which reads them when its reader
 * collects: `observeMetrics(metrics.getMeter('keepspan'))`. A meter that refuses is one warning.
 *
 * @returns what takes them away
 */
export function observeMetrics(meter: MeterLike): () => void {
  try {
    const { giveMetrics } = lazily<typeof import('./pipeline/watch/give-metrics.ts')>('watch/give-metrics');
    return giveMetrics(meter, () => shared().session?.metrics() ?? []);
  } catch (error) {
    warnOnce('KS-RUN-005', { error: errorText(error) });
    return () => undefined;
  }
}

/** Loaded when it is needed: a process that is switched off and closes nothing by us pays for none of it. */
function lifecycle() {
  const state = shared();
  if (state.session !== undefined) return state.session.lifecycle;
  try {
    state.idle ??=
      lazily<typeof import('./pipeline/idle-lifecycle.ts')>('idle-lifecycle').createIdleLifecycle();
    return state.idle;
  } catch (error) {
    // A bundler took this file along and left its neighbours behind.
    warnOnce('KS-RUN-005', { error: errorText(error) });
    return INERT;
  }
}

/** Where nothing can be loaded any more: the application closes by itself. */
const INERT: Pick<Lifecycle, 'manage' | 'onShutdown' | 'shutdown'> = {
  manage: (resource) => resource,
  onShutdown: () => () => undefined,
  shutdown: (reason = 'shutdown') =>
    Promise.resolve({ reason, steps: [], durationMs: 0, ledger: EMPTY_LEDGER }),
};

/** A flush where nothing is switched on: nothing was made, nothing is pending. */
const NOTHING_TO_FLUSH: FlushReport = { complete: true, inTransit: 0, pending: 0, durationMs: 0 };

const DISABLED: Health = {
  status: 'disabled',
  reasons: [],
  custody: 'none',
  journal: { directory: undefined, lifetime: 'unknown', onDisk: false },
  upstream: [],
  delivery: 'none',
  alerts: [],
  warnings: {},
};
