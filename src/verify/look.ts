import type { Arrivals, ArrivedSpan } from './arrivals.ts';
import type { SteadyEvidence } from './evidence.ts';
import { readLogLines, recordIn } from './log-lines.ts';
import type { Receiver } from './receiver.ts';
import { send, type RequestOutcome } from './request.ts';
import type { Running, Surroundings } from './surroundings.ts';
import { until } from './until.ts';

const HEALTH_PATHS = ['/health', '/healthz', '/livez', '/readyz', '/live', '/ready', '/ping'];
const PROBES = 20;
const PROBE_TIMEOUT_MS = 2_000;
/** dd-trace sends every two seconds. */
const QUIET_MS = 2_500;
const SETTLE_TIMEOUT_MS = 20_000;

/** Gives the service work and health probes, and waits until all of it has arrived. */
export async function look(at: Surroundings, { service, receiver }: Running): Promise<SteadyEvidence> {
  const startMs = performance.now();
  const { arrivals } = receiver;
  let answers: readonly RequestOutcome[] = [];
  let firstTraceMs: number | undefined;
  const watch = setInterval(() => {
    // Polls may have come before.
    if (firstTraceMs === undefined && hasWork(arrivals)) firstTraceMs = performance.now() - startMs;
  }, 25);
  try {
    if (at.drive === undefined) answers = await at.traffic.rounds(service.baseUrl, at.rounds);
    else await at.drive(service.baseUrl);
    const health = await probeHealth(service.baseUrl, at.healthPath);
    // Nothing will come of a service that says that it is off.
    const isOff = recordIn(readLogLines(service.lines), 'observability_disabled') !== undefined;
    const limitMs = isOff ? 0 : at.traceTimeoutMs - (performance.now() - startMs);
    await until(() => firstTraceMs !== undefined, limitMs);
    await quiet(receiver);
    return {
      answers,
      driven: at.drive !== undefined,
      // What the interruption leaves is no part of it.
      arrivals: arrivals.copy(),
      log: readLogLines(service.lines),
      firstTraceMs,
      durationMs: performance.now() - startMs,
      health,
      workbenchUrl: at.workbench?.uiUrl ?? '',
    };
  } finally {
    clearInterval(watch);
  }
}

/** Work, not noise: a request that came in, or a span of LLM work in a trace. */
export function hasWork({ spans, llmSpans }: Arrivals): boolean {
  return llmSpans.some(({ span }) => span !== undefined) || spans.some(isOfRequest);
}

function isOfRequest({ tags }: ArrivedSpan): boolean {
  return (
    tags['span.kind'] === 'server' ||
    tags['_dd.llmobs.submitted'] !== undefined ||
    tags['keepspan.span.kind'] !== undefined
  );
}

async function probeHealth(baseUrl: string, given: string | undefined): Promise<SteadyEvidence['health']> {
  for (const path of given === undefined ? HEALTH_PATHS : [given]) {
    const line = { method: 'GET', path, body: undefined };
    const { status } = await send(baseUrl, line, '0', PROBE_TIMEOUT_MS);
    if (status < 200 || status >= 300) continue;
    for (let i = 1; i < PROBES; i += 1) await send(baseUrl, line, String(i), PROBE_TIMEOUT_MS);
    return { path, probes: PROBES };
  }
  return undefined;
}

/** Nothing new of what the requests made, for longer than tracers wait. Polls go on, so there is a limit. */
async function quiet(receiver: Receiver): Promise<void> {
  const { arrivals } = receiver;
  const endMs = performance.now() + SETTLE_TIMEOUT_MS;
  let seen = -1;
  let sinceMs = performance.now();
  await until(() => {
    const now = arrivals.count('llmSpans').unique + arrivals.count('evaluations').unique;
    if (now !== seen) sinceMs = performance.now();
    seen = now;
    return performance.now() - sinceMs >= QUIET_MS || performance.now() >= endMs;
  }, SETTLE_TIMEOUT_MS);
  await receiver.settled();
}
