import { withEnvironment } from '../../settings/environment.ts';
import { takeOverExporters } from './exporter-seam.ts';
import { instrumentLangChain } from './langchain.ts';
import { instrumentLlamaIndex } from './llama-index.ts';
import type { LocatedOpenLlmetry } from './locate.ts';
import { createOneTrace } from './one-trace.ts';
import type {
  ContextManager,
  DatadogTracer,
  OtelApi,
  FinishedSpan,
  SpanProcessor,
  TracerProvider,
} from './shapes.ts';

/** How OpenLLMetry's spans come here; `none`: its own exporter sends them. */
export type FrameworkSeam = 'span-processor' | 'exporter' | 'none';

export interface OpenLlmetryOptions {
  readonly located: LocatedOpenLlmetry;
  /** dd-trace, initialised. */
  readonly tracer: DatadogTracer;
  /** Of its receiver; `/v1/traces` is added. */
  readonly baseUrl: string;
  readonly service: string;
  /** Whether its instrumentations may write prompts and answers on spans. */
  readonly traceContent: boolean;
  /** Takes finished spans into custody; must not throw. Undefined: its own exporter sends them. */
  readonly take: ((spans: readonly FinishedSpan[]) => void) | undefined;
  /** A library that could not be instrumented. */
  readonly trouble: (library: string, error: unknown) => void;
}

export interface OpenLlmetrySession {
  readonly seam: FrameworkSeam;
  readonly frameworks: readonly string[];
  readonly patched: readonly string[];
  uninstall(): void;
}

interface Sdk {
  initialize(options: Readonly<Record<string, unknown>>): unknown;
}

/** Its NodeSDK would put the command line and the host's id on every export, and open exporters of logs and metrics. */
const QUIET_SDK = {
  OTEL_NODE_RESOURCE_DETECTORS: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  // What makes dd-trace stand in for the SDK, decided when that is loaded. Its spans have no attributes to read, and
  // OpenLLMetry reads some in every call of the application's.
  OTEL_SDK_DISABLED: undefined,
  DD_TRACE_OTEL_ENABLED: 'false',
} as const;

const PROBE = 'keepspan.probe';

/**
 * Starts OpenLLMetry for frameworks alone: LangChain and LlamaIndex, as far as they are installed. Providers are
 * dd-trace's. To be called after dd-trace's `init()` and `register.js`.
 *
 * @throws what OpenLLMetry throws while loading; then nothing of ours stays in place
 */
export function startOpenLlmetry(options: OpenLlmetryOptions): OpenLlmetrySession {
  const { located } = options;
  return quietly(() =>
    withEnvironment(QUIET_SDK, () => start(options, located.require('@opentelemetry/api') as OtelApi)),
  );
}

/** An application that started dd-trace itself may have let it stand in already. @throws Error */
function refuseBridge({ require }: LocatedOpenLlmetry): void {
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node') as {
    readonly NodeTracerProvider: { readonly name: string };
  };
  if (NodeTracerProvider.name !== 'NodeTracerProvider')
    throw new Error('dd-trace stands in for the OpenTelemetry SDK: unset DD_TRACE_OTEL_ENABLED');
}

/** Its dependencies use what Node deprecates, which is not the application's to hear about. */
function quietly<T>(load: () => T): T {
  const before = process.noDeprecation;
  process.noDeprecation = true;
  try {
    return load();
  } finally {
    if (before === undefined) delete process.noDeprecation;
    else process.noDeprecation = before;
  }
}

function start(options: OpenLlmetryOptions, api: OtelApi): OpenLlmetrySession {
  const { located, tracer, baseUrl, take, traceContent, trouble } = options;
  const { AsyncLocalStorageContextManager: Manager } = located.require(
    '@opentelemetry/context-async-hooks',
  ) as { readonly AsyncLocalStorageContextManager: new () => ContextManager };
  refuseBridge(located);
  const sdk = located.require(located.root) as Sdk;
  const oneTrace = createOneTrace(api, tracer, new Manager());
  const undo: (() => void)[] = [];
  let installed = true;
  let probed = false;

  const processor: SpanProcessor = {
    onStart: () => undefined,
    onEnd(span) {
      if (span.name === PROBE) {
        probed = true;
        return;
      }
      oneTrace.ended(span);
      if (installed) take?.([span]);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };

  // Before its own instrumentations look: they leave alone what is patched.
  const frameworks: string[] = [];
  const patched: string[] = [];
  const attempt = (library: string, instrument: () => (() => void) | boolean | undefined): void => {
    try {
      const done = instrument();
      if (done === undefined || done === false) return;
      frameworks.push(library);
      if (typeof done === 'function') undo.push(done);
    } catch (error) {
      trouble(library, error);
    }
  };
  attempt('langchain', () => instrumentLangChain(located, api, oneTrace, traceContent));
  if (frameworks.includes('langchain')) patched.push('CallbackManager._configureSync');

  sdk.initialize({
    appName: options.service,
    baseUrl,
    processor,
    contextManager: oneTrace.manager.enable(),
    traceContent,
    disableBatch: true,
    silenceInitializationMessage: true,
    // An allow list names all that is instrumented; LangChain is on it whatever it says.
    instrumentModules: { langchain: true },
    // A failed fetch of prompts is an unhandled rejection.
    traceloopSyncEnabled: false,
    ...(take === undefined ? { disableBatch: false } : { exporter: DISCARD }),
  });
  attempt('llamaindex', () => instrumentLlamaIndex(located, traceContent, trouble));

  const tracesUrl = `${baseUrl}/v1/traces`;
  const provider = providerOf(api);
  if (take !== undefined) provider.getTracer('keepspan').startSpan(PROBE).end();
  let seam: FrameworkSeam = take !== undefined && probed ? 'span-processor' : 'none';
  if (take !== undefined && !probed) {
    const taken = takeOverExporters(provider, tracesUrl, (spans) => {
      if (installed) take(spans.filter(({ name }) => name !== PROBE));
    });
    if (taken !== undefined) {
      undo.push(taken);
      patched.push('OTLPTraceExporter.export');
      seam = 'exporter';
    }
  }
  if (seam === 'none') tracer.use?.('http', { client: { blocklist: [requestTo(tracesUrl)] } });
  return {
    seam,
    frameworks,
    patched,
    uninstall() {
      installed = false;
      for (const step of undo.splice(0).toReversed()) step();
    },
  };
}

/** In the place of its exporter: what it would send is in custody already. */
const DISCARD = {
  export: (_spans: unknown, done: (result: { readonly code: number }) => void) => done({ code: 0 }),
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/** dd-trace writes addresses with their port, whether it is the usual one or not. */
function requestTo(address: string): (url: string) => boolean {
  const { hostname, pathname } = new URL(address);
  return (url) => {
    const requested = URL.parse(url);
    return requested?.hostname === hostname && requested.pathname === pathname;
  };
}

function providerOf(api: OtelApi): TracerProvider {
  const provider = api.trace.getTracerProvider();
  return provider.getDelegate?.() ?? provider;
}
