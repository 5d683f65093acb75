import { join } from 'node:path';
import type { Custody } from '../../contracts/custody.ts';
import type { SpanBackend } from '../../contracts/spans.ts';
import { withEnvironment } from '../../settings/environment.ts';
import { createDatadogBackend } from './backend.ts';
import { agentAddress, installHttpSeam } from './http-seam.ts';
import type { CapturedAnswer, CapturedRequest } from './intake-request.ts';
import type { LocatedTracer } from './locate.ts';
import { takeRequest } from './requests.ts';
import { SpanAccounts } from './span-accounts.ts';
import { installWriterSeams, type WriterSink } from './writer-seams.ts';

/** How signals reach custody; said in the start-up record. */
export type Seam = 'journal-api' | 'llm-writer' | 'http-request' | 'loopback-relay' | 'none';

export interface TracerOptions {
  readonly located: LocatedTracer;
  readonly agentUrl: string;
  /** `evaluations` leaves dd-trace as it is; `wire` takes its requests; `full` its LLM writers, too. */
  readonly custodyLevel: 'evaluations' | 'wire' | 'full';
  readonly mlApp: string;
  readonly service: string | undefined;
  readonly captureContent: boolean;
  readonly custody: Custody;
  readonly sink: WriterSink;
  /** JSON text of the Agent's last `rate_by_service`. */
  readonly rates: () => string;
  /** Starts the loopback relay and returns its URL; used when the request seam cannot be put in place. */
  readonly startRelay: () => string | undefined;
  readonly warn: (code: string, detail: Readonly<Record<string, unknown>>) => void;
}

export interface TracerSession {
  readonly version: string;
  readonly seams: { readonly spans: Seam; readonly llmSpans: Seam; readonly evaluations: Seam };
  /** Every function that was replaced, for `doctor` and the start-up record. */
  readonly patched: readonly string[];
  readonly backend: SpanBackend;
  inTransit(): { readonly spans: number; readonly llmSpans: number; readonly evaluations: number };
  /** Synchronous: what the tracer may hand over is in custody when it returns. */
  release(): void;
  /** Also what finished in traces that are still open. */
  releaseAll(): void;
  /** Whether dd-trace's buffers are empty. Finished spans of open traces are not in them. */
  released(): boolean;
  /** Forgets what dd-trace holds, and says how much that was. */
  writeOff(): { readonly spans: number; readonly llmSpans: number; readonly evaluations: number };
  uninstall(): void;
}

interface Tracer {
  init(options: Readonly<Record<string, unknown>>): unknown;
  readonly llmobs: Parameters<typeof createDatadogBackend>[0];
}

const NOTHING = { spans: 0, llmSpans: 0, evaluations: 0 } as const;

/**
 * Puts the seams in place, then starts dd-trace: `init()` and its `register.js`, which together trace ESM and CJS in
 * worker threads, too (docs/facts/dd-trace.md).
 *
 * @throws what dd-trace throws while loading
 */
export function startTracer(options: TracerOptions): TracerSession {
  const { located, custodyLevel, warn } = options;
  const undo: (() => void)[] = [];
  const patched: string[] = [];
  let accounts: SpanAccounts | undefined;
  const tracer = located.require(located.root) as Tracer;

  let seam: Seam = 'none';
  let relayUrl: string | undefined;
  if (custodyLevel !== 'evaluations') {
    const taken = (request: CapturedRequest): CapturedAnswer => takeRequest(request, options, accounts);
    const uninstall = installHttpSeam(agentAddress(options.agentUrl), taken);
    if (probeHttpSeam(located, options.agentUrl)) {
      seam = 'http-request';
      patched.push('http.request');
      undo.push(uninstall);
    } else {
      uninstall();
      relayUrl = options.startRelay();
      seam = relayUrl === undefined ? 'none' : 'loopback-relay';
      warn('KS-SEAM-001', { seam, version: located.version });
    }
  }

  let writers: (() => void) | undefined;
  if (custodyLevel === 'full' && seam !== 'none') {
    writers = installWriterSeams(located, noting(options.sink, () => accounts));
    if (writers === undefined) warn('KS-SEAM-002', { version: located.version });
    else {
      undo.push(writers);
      patched.push('LLMObsSpanWriter.prototype.append', 'LLMObsEvalMetricsWriter.prototype.append');
    }
  }

  initialise(tracer, options, relayUrl, custodyLevel);
  if (custodyLevel !== 'evaluations') {
    try {
      const counted = new SpanAccounts(located, tracer, {
        custody: options.custody,
        writerSeams: writers !== undefined,
        released: seam === 'http-request',
      });
      accounts = counted;
      undo.push(() => counted.uninstall());
      patched.push('tracer._tracer._exporter.export', 'tracer._tracer._processor._erase');
    } catch (error) {
      warn('KS-SEAM-003', { version: located.version, error: String(error) });
    }
  }
  const writerSeam: Seam = writers === undefined ? seam : 'llm-writer';
  return {
    version: located.version,
    seams: { spans: seam, llmSpans: writerSeam, evaluations: 'journal-api' },
    patched,
    backend: createDatadogBackend(tracer.llmobs, options.captureContent),
    inTransit: () => accounts?.inTransit() ?? NOTHING,
    release: () => accounts?.release(),
    releaseAll: () => accounts?.releaseAll(),
    released: () => accounts?.released() ?? true,
    writeOff: () => accounts?.writeOff() ?? NOTHING,
    uninstall: () => {
      for (const step of undo.splice(0).toReversed()) step();
    },
  };
}

function initialise(tracer: Tracer, options: TracerOptions, relayUrl: string | undefined, level: TracerOptions['custodyLevel']): void {
  const { located, mlApp, service, captureContent } = options;
  const variables: Record<string, string | undefined> = { DD_LLMOBS_ENABLED: '1' };
  // Delivery decides between Agent and intake, again and again; dd-trace would decide once, by one probe.
  if (level !== 'evaluations') variables['DD_LLMOBS_AGENTLESS_ENABLED'] = '0';
  if (relayUrl !== undefined) variables['DD_TRACE_AGENT_URL'] = relayUrl;
  if (!captureContent) variables['DD_LANGCHAIN_SPAN_PROMPT_COMPLETION_SAMPLE_RATE'] = '0';
  withEnvironment(variables, () => {
    tracer.init({ llmobs: { mlApp }, ...(service === undefined ? {} : { service }) });
    located.require(join(located.root, 'register.js'));
  });
}

/** Sends what cannot be mistaken for a signal the way dd-trace sends signals, and looks whether it came through here. */
function probeHttpSeam(located: LocatedTracer, agentUrl: string): boolean {
  try {
    const request = located.require(join(located.root, 'packages/dd-trace/src/exporters/common/request.js')) as (
      data: Buffer,
      options: Readonly<Record<string, unknown>>,
      callback: (error: unknown, result: unknown) => void,
    ) => void;
    let answer: unknown;
    const headers = { 'Datadog-Meta-Tracer-Version': 'probe', 'X-Datadog-Trace-Count': '0' };
    // 0x90 is an empty list of traces: harmless wherever it arrives.
    request(Buffer.from([0x90]), { path: '/v0.4/traces', method: 'PUT', headers, url: new URL(agentUrl) }, (_error, result) => {
      answer = result;
    });
    return answer !== undefined;
  } catch {
    return false;
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
    passedThrough: (kind) => {
      sink.passedThrough(kind);
      accounts()?.noteAppended(kind);
    },
  };
}
