import { isMainThread } from 'node:worker_threads';
import type { Custody } from '../contracts/custody.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { SpanBackend } from '../contracts/spans.ts';
import { entityHeaders } from '../bridges/dd-trace/entity.ts';
import { locateTracer, SUPPORTED_MAJOR, TESTED_VERSIONS } from '../bridges/dd-trace/locate.ts';
import { startTracer, type Seam, type TracerSession } from '../bridges/dd-trace/start.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import type { CustodyPart } from './otlp/part.ts';
import type { BoardMemory } from './outcome-board.ts';
import { Relay } from './relay.ts';
import { createSink } from './sink.ts';
import { redactTexts } from '../redaction/text.ts';
import { contentRule } from './content.ts';
import { isDual, startDual, type Frameworks } from './dual.ts';
import { followKafka } from './follow-kafka.ts';
import type { SignalGuard } from './tag-guard.ts';

export type CustodyLevel = 'evaluations' | 'wire' | 'full';

export interface StackOptions {
  readonly settings: Settings;
  readonly agentUrl: string;
  readonly custody: Custody;
  readonly directory: string | undefined;
  readonly rates: () => string;
  readonly guard: SignalGuard;
  /** The sampling policy drops something. */
  readonly thins: boolean;
  /** Its doorbell wakes delivery. */
  readonly board: BoardMemory;
  /** Outcomes of what the relay journaled. */
  readonly relayOutcomes: BoardMemory;
  readonly relayToken: string;
  /** An LLM span was refused: it will never arrive. */
  readonly onLostSpan?: (spanId: string) => void;
  /** Takes along custody that has a journal and a thread of its own. */
  readonly join: (part: CustodyPart) => void;
  /** Environment of threads of ours. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The tracers of this thread, as the rest of the house sees them. */
export interface Stack {
  readonly name: 'datadog' | 'dual' | 'none';
  readonly custodyLevel: CustodyLevel;
  readonly seams: Readonly<Record<SignalKind, Seam>>;
  /** Why a seam is not the strongest there is; undefined when it is. */
  readonly degraded: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
  readonly patched: readonly string[];
  /** The second stream of stack `dual`. */
  readonly frameworks?: Frameworks | undefined;
  readonly backend: SpanBackend | undefined;
  /** Where requests could not be taken over inside the process. */
  readonly relay: Relay | undefined;
  /** What the Agent knows the container of a request by; nothing where there is no tracer that says so. */
  entity(): Readonly<Record<string, string>>;
  inTransit(): Readonly<Record<SignalKind, number>>;
  release(): void;
  releaseAll(): void;
  /** Nothing that could be released is left in a tracer's buffers. */
  released(): boolean;
  /** Has the tracer send its own statistics. Never rejects, may never resolve. */
  flushStatistics(): Promise<void>;
  /** Makes a trace of its own; undefined where nothing could deliver it. */
  readonly heartbeat: (() => void) | undefined;
  /** Forgets what it holds and says how much that was: for the end of the process, which counts it as lost. */
  writeOff(): Readonly<Record<SignalKind, number>>;
  uninstall(): void;
}

const NO_HEADERS = {} as const;
const NOTHING = { spans: 0, llmSpans: 0, evaluations: 0 } as const;

/** Starts the stack that the settings name. What cannot be started is one warning; the application runs on. */
export function startStack(options: StackOptions): Stack {
  const { settings } = options;
  try {
    const located = locateTracer(process.argv[1], process.cwd());
    if (located === undefined) {
      warnOnce('KS-STACK-002');
      return emptyStack('evaluations');
    }
    const custodyLevel = custodyFor(settings.custody, located.version);
    let relay: Relay | undefined;
    const content = contentRule(settings);
    let known: Readonly<Record<string, string>> | undefined;
    const entity = (): Readonly<Record<string, string>> => (known ??= entityHeaders(located));
    const dual = isDual(settings);
    const session = startTracer({
      located,
      agentUrl: options.agentUrl,
      custodyLevel,
      mlApp: settings.mlApp ?? settings.service,
      service: settings.service,
      env: settings.env,
      version: settings.version,
      captureContent: content.capture !== 'none',
      redactContent:
        content.capture === 'redacted' ? (value) => redactTexts(value, content.redact) : undefined,
      httpPropagation:
        settings.requestsDistributedTracing !== false && settings.urllib3DistributedTracing !== false,
      custody: options.custody,
      sink: createSink({
        custody: options.custody,
        content,
        guard: options.guard,
        tracerVersion: located.version,
        entity,
        onLost: options.onLostSpan,
      }),
      rates: options.rates,
      sampling: { thins: options.thins },
      exportsToAgent: custodyLevel !== 'evaluations' && settings.delivery === 'process',
      otelBridge: !dual,
      startRelay: () => (relay = startRelay(options, located.version, entity())),
      warn: (code, detail) => warnOnce(code, detail),
    });
    const stack = datadogStack(session, custodyLevel, relay);
    const kafka = followKafka(located, settings.service);
    const frameworks = dual
      ? startDual({ settings, content, located, custodyLevel, join: options.join })
      : undefined;
    return {
      ...stack,
      entity,
      name: frameworks === undefined ? 'datadog' : 'dual',
      degraded: stack.degraded ?? frameworks?.degraded,
      versions: { ...stack.versions, ...frameworks?.versions },
      frameworks,
      patched: [...stack.patched, ...kafka.patched, ...(frameworks?.patched ?? [])],
      uninstall() {
        frameworks?.uninstall();
        kafka.uninstall();
        stack.uninstall();
      },
    };
  } catch (error) {
    warnOnce('KS-STACK-003', { error: error instanceof Error ? error.message : String(error) });
    return emptyStack('evaluations');
  }
}

/** Private seams only where they are tested; anything else gets the public protocol. */
function custodyFor(asked: Settings['custody'], version: string): CustodyLevel {
  if (asked === 'evaluations' || asked === 'wire' || asked === 'full') return asked;
  if (asked === 'observe') return 'evaluations';
  if (TESTED_VERSIONS.includes(version)) return 'full';
  warnOnce('KS-SEAM-004', { version, tested: TESTED_VERSIONS.join(', ') });
  return Number.parseInt(version, 10) === SUPPORTED_MAJOR ? 'wire' : 'evaluations';
}

function datadogStack(
  session: TracerSession,
  custodyLevel: CustodyLevel,
  relay: Relay | undefined,
): Omit<Stack, 'entity'> {
  const { seams } = session;
  const degraded = whyDegraded(session, custodyLevel);
  return {
    name: 'datadog',
    custodyLevel,
    seams,
    degraded,
    versions: { 'dd-trace': session.version },
    patched: session.patched,
    backend: session.backend,
    relay,
    inTransit: () => session.inTransit(),
    release: () => session.release(),
    releaseAll: () => session.releaseAll(),
    released: () => session.released(),
    flushStatistics: () => session.flushStatistics(),
    heartbeat: session.enabled && custodyLevel !== 'evaluations' ? () => session.heartbeat() : undefined,
    writeOff: () => session.writeOff(),
    uninstall: () => session.uninstall(),
  };
}

/** It keeps what it takes in a journal folder of its own: without a directory there is nothing it could do. */
function startRelay(
  { settings, agentUrl, directory, board, relayOutcomes, relayToken, env, rates }: StackOptions,
  tracerVersion: string,
  entity: Readonly<Record<string, string>>,
): Relay | undefined {
  if (directory === undefined) return undefined;
  return Relay.start({
    input: { settings, tracerVersion, entity, agentUrl, board, token: relayToken },
    outcomes: relayOutcomes,
    isBeside: !isMainThread || settings.delivery === 'none',
    env,
    rates,
    onDeath: (error) => warnOnce('KS-SEAM-005', { error }),
  });
}

function whyDegraded({ seams, enabled }: TracerSession, custodyLevel: CustodyLevel): string | undefined {
  if (!enabled) return 'the tracer is switched off (DD_TRACE_ENABLED): there are no spans';
  const expected = custodyLevel === 'full' ? 'llm-writer' : 'http-request';
  if (custodyLevel === 'evaluations' || (seams.spans === 'http-request' && seams.llmSpans === expected))
    return undefined;
  return `spans by ${seams.spans}, LLM spans by ${seams.llmSpans}`;
}

function emptyStack(custodyLevel: CustodyLevel): Stack {
  return {
    name: 'none',
    custodyLevel,
    seams: { spans: 'none', llmSpans: 'none', evaluations: 'journal-api' },
    degraded: 'no tracer was started',
    versions: {},
    patched: [],
    backend: undefined,
    relay: undefined,
    entity: () => NO_HEADERS,
    inTransit: () => NOTHING,
    release: () => undefined,
    releaseAll: () => undefined,
    released: () => true,
    flushStatistics: () => Promise.resolve(),
    heartbeat: undefined,
    writeOff: () => NOTHING,
    uninstall: () => undefined,
  };
}
