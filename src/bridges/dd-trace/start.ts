import type { Custody } from '../../contracts/custody.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { SpanBackend } from '../../contracts/spans.ts';
import { recoverProfilePrompts } from '../aws/bedrock-profile.ts';
import { watchBedrock } from '../aws/bedrock-watch.ts';
import { guardInjection } from '../aws/covered-requests.ts';
import { findActivate } from './activate.ts';
import { createDatadogBackend, type LlmObs } from './backend.ts';
import { mendStreams } from './broken-streams.ts';
import { loadTagMap, removeContent, rewriteContent } from './content.ts';
import { initialise, tracesTo, type InitOptions, type Tracer } from './initialise.ts';
import type { LocatedTracer } from './locate.ts';
import { chooseRequestSeam, type RelayHandle, type RequestSeam } from './request-seam.ts';
import { countReceivedMessages } from './receives.ts';
import { flushStatistics } from './statistics.ts';
import { takeRequest } from './requests.ts';
import { SpanAccounts } from './span-accounts.ts';
import { installWriterSeams, type WriterSink } from './writer-seams.ts';

/** How signals reach custody; said in the start-up record. */
export type Seam = 'journal-api' | 'llm-writer' | 'http-request' | 'loopback-relay' | 'none';

type Counts = Readonly<Record<SignalKind, number>>;

export interface TracerOptions extends InitOptions {
  readonly located: LocatedTracer;
  readonly agentUrl: string;
  /** `evaluations` leaves dd-trace as it is; `wire` takes its requests; `full` its LLM writers, too. */
  readonly custodyLevel: 'evaluations' | 'wire' | 'full';
  readonly captureContent: boolean;
  /** Over every text that may be kept; undefined: they are kept as they are. */
  readonly redactContent?: ((value: unknown) => unknown) | undefined;
  /** False: no trace headers on outgoing HTTP. */
  readonly httpPropagation: boolean;
  readonly custody: Custody;
  readonly sink: WriterSink;
  /** JSON text of the Agent's last `rate_by_service`. */
  readonly rates: () => string;
  /** Starts the loopback relay; used when the request seam cannot be put in place. */
  readonly startRelay: () => RelayHandle | undefined;
  readonly warn: (code: string, detail: Readonly<Record<string, unknown>>) => void;
}

export interface TracerSession {
  readonly version: string;
  readonly seams: { readonly spans: Seam; readonly llmSpans: Seam; readonly evaluations: Seam };
  /** Every function that was replaced, for `doctor` and the start-up record. */
  readonly patched: readonly string[];
  /** Whether LLM Observability is on in the tracer; DD_TRACE_ENABLED=false switches both off. */
  readonly enabled: boolean;
  readonly backend: SpanBackend;
  inTransit(): Counts;
  /** Synchronous: what the tracer may hand over is in custody when it returns; with the relay, on its way. */
  release(): void;
  /** Also what finished in traces that are still open. */
  releaseAll(): void;
  /** Whether dd-trace's buffers are empty. Finished spans of open traces are not in them. */
  released(): boolean;
  /** Sends what the tracer has counted of hits and errors since it last did; it does so by itself every 10 s only. */
  flushStatistics(): Promise<void>;
  /** Makes a trace of one span, `keepspan.heartbeat`. */
  heartbeat(): void;
  /** Forgets what dd-trace holds, and says how much that was. */
  writeOff(): Counts;
  uninstall(): void;
}

const NOTHING = { spans: 0, llmSpans: 0, evaluations: 0 } as const;

/**
 * Puts the seams in place, then starts dd-trace: `init()` and its `register.js`, which together trace ESM and CJS in
 * worker threads, too (docs/facts/dd-trace.md).
 *
 * @throws what dd-trace throws while loading; then nothing of ours stays in place
 */
export function startTracer(options: TracerOptions): TracerSession {
  const undo: (() => void)[] = [];
  const uninstall = () => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  try {
    return start(options, undo, uninstall);
  } catch (error) {
    uninstall();
    throw error;
  }
}

function start(options: TracerOptions, undo: (() => void)[], uninstall: () => void): TracerSession {
  const { located, custodyLevel, captureContent, redactContent, warn } = options;
  const tracer = located.require(located.root) as Tracer & { readonly llmobs: LlmObs };
  const tagMap = loadTagMap(located);
  const patched: string[] = [];
  let accounts: SpanAccounts | undefined;

  let writers: (() => void) | undefined;
  if (!captureContent && tagMap !== undefined) undo.push(removeContent(tagMap));
  if (custodyLevel !== 'evaluations') undo.push(mendStreams());
  if (custodyLevel !== 'evaluations') undo.push(watchBedrock((why) => warn('KS-AWS-002', { why })));
  // Before what is redacted is redacted.
  if (captureContent && tagMap !== undefined && custodyLevel !== 'evaluations') {
    undo.push(recoverProfilePrompts(tagMap, (model) => warn('KS-BEDROCK-001', { site: model, model })));
  }
  if (redactContent !== undefined && tagMap !== undefined) {
    // Behind our own writer everything is looked through once more, as the event that it became.
    undo.push(rewriteContent(tagMap, redactContent, () => writers === undefined));
  }
  const wire: RequestSeam =
    custodyLevel === 'evaluations'
      ? { seam: 'none', relay: undefined, follow: () => undefined }
      : chooseRequestSeam(options, (request) => takeRequest(request, options, accounts), undo);
  if (wire.seam === 'http-request') patched.push('http.request');

  if (custodyLevel === 'full') {
    writers = installWriterSeams(
      located,
      noting(options.sink, () => accounts),
    );
    if (writers === undefined) warn('KS-SEAM-002', { version: located.version });
    else {
      undo.push(writers);
      patched.push('LLMObsSpanWriter.prototype.append', 'LLMObsEvalMetricsWriter.prototype.append');
    }
  }

  // Past every seam the tracer is left as it is: nobody here could thin its traces or deliver its LLM spans.
  const level = wire.seam === 'none' ? 'evaluations' : custodyLevel;
  const decides = level !== 'evaluations' && options.sampling !== undefined;
  if (decides) undo.push(countReceivedMessages());
  const { enabled, late } = initialise(
    tracer,
    { ...options, custodyLevel: level, captureContent: captureContent && redactContent === undefined },
    wire.relay?.url,
  );
  if (custodyLevel !== 'evaluations') wire.follow(tracesTo(tracer));
  if (enabled && (custodyLevel !== 'evaluations' || !options.httpPropagation)) {
    const injection = guardInjection(tracer, !options.httpPropagation);
    if (injection === undefined) warn('KS-AWS-001', { version: located.version });
    else {
      undo.push(injection);
      patched.push('tracer._tracer.inject');
    }
  }
  const observed = custodyLevel !== 'evaluations' && enabled;
  if (observed) accounts = countSpans(tracer, options, wire, writers !== undefined, undo, patched);
  // What an application's own init() subscribed comes before us, and what goes out by itself is never ours to redact.
  const mustRemove = !captureContent || redactContent !== undefined;
  if (mustRemove && (tagMap === undefined || late) && (wire.seam === 'none' || accounts === undefined)) {
    warn('KS-REDACT-002', { version: located.version });
  }
  const byWriter: Seam = writers === undefined ? wire.seam : 'llm-writer';
  return {
    version: located.version,
    // What the application's own init() made of its LLM writers' address cannot be changed: no relay for them.
    seams: {
      spans: wire.seam,
      llmSpans: late && byWriter === 'loopback-relay' ? 'none' : byWriter,
      evaluations: 'journal-api',
    },
    patched,
    enabled,
    backend: createDatadogBackend(tracer.llmobs, {
      captureContent,
      tagMap,
      activate: findActivate(located, tracer),
      keep: decides,
    }),
    inTransit: () => accounts?.inTransit() ?? NOTHING,
    release: () => accounts?.release(),
    releaseAll: () => accounts?.releaseAll(),
    released: () => accounts?.released() ?? true,
    flushStatistics: () => flushStatistics(tracer),
    heartbeat: () =>
      // Kept by hand: a heartbeat that a policy takes out says nothing about the way upstream.
      tracer.trace?.(
        'keepspan.heartbeat',
        { resource: 'keepspan.heartbeat', tags: { 'manual.keep': true } },
        () => undefined,
      ),
    writeOff: () => accounts?.writeOff() ?? NOTHING,
    uninstall() {
      uninstall();
      if (wire.relay !== undefined) tracer.setUrl?.(options.agentUrl);
    },
  };
}

function countSpans(
  tracer: Tracer,
  options: TracerOptions,
  { seam, relay }: RequestSeam,
  writerSeams: boolean,
  undo: (() => void)[],
  patched: string[],
): SpanAccounts | undefined {
  try {
    const counted = new SpanAccounts(tracer, {
      custody: options.custody,
      writerSeams,
      release: seam === 'http-request' ? 'seam' : seam === 'loopback-relay' ? 'relay' : 'away',
      relayed: relay === undefined ? undefined : () => relay.taken(),
      tagMap: loadTagMap(options.located),
    });
    undo.push(() => counted.uninstall());
    if (seam !== 'none') {
      patched.push('tracer._tracer._exporter.export', 'tracer._tracer._processor._erase');
    }
    return counted;
  } catch (error) {
    options.warn('KS-SEAM-003', { version: options.located.version, error: String(error) });
    return undefined;
  }
}

/** The writers' sink, telling the accounts that the writer's append was reached. */
function noting(sink: WriterSink, accounts: () => SpanAccounts | undefined): WriterSink {
  return {
    llmSpan: (event, last) => {
      const outcome = sink.llmSpan(event, last);
      if (outcome !== 'oversized') accounts()?.noteAppended('llmSpans');
      return outcome;
    },
    evaluation: (metric) => {
      const kept = sink.evaluation(metric);
      accounts()?.noteAppended('evaluations');
      return kept;
    },
    passedThrough: (kind, event) => {
      const passed = sink.passedThrough(kind, event);
      accounts()?.noteAppended(kind);
      return passed;
    },
  };
}
