import { join } from 'node:path';
import { withEnvironment } from '../../settings/environment.ts';
import { WITHOUT_CONTENT } from './content.ts';
import type { LocatedTracer } from './locate.ts';

/** The part of `require('dd-trace')` that starting it needs. */
export interface Tracer {
  init(options: Readonly<Record<string, unknown>>): unknown;
  setUrl?(url: string): unknown;
  trace?(name: string, options: Readonly<Record<string, unknown>>, fn: () => void): void;
  scope?(): { activate?<T>(span: object, fn: () => T): T } | undefined;
  readonly llmobs: { readonly enabled?: boolean; enable?(options: Readonly<Record<string, unknown>>): void };
}

export interface InitOptions {
  readonly located: LocatedTracer;
  readonly agentUrl: string;
  readonly custodyLevel: 'evaluations' | 'wire' | 'full';
  readonly captureContent: boolean;
  readonly mlApp: string;
  readonly service: string | undefined;
  readonly env: string | undefined;
  readonly version: string | undefined;
  /**
   * Keepspan decides on traces: `thins` when some of them go. The tracer then has no rules, so that neither its limit
   * of 100/s nor its rejections in propagated headers touch a trace.
   */
  readonly sampling?: { readonly thins: boolean } | undefined;
  /**
   * Traces go to the Agent's address, where custody takes them. On AWS Lambda without Datadog's extension dd-trace
   * prints them on stdout instead (exporter.js).
   */
  readonly exportsToAgent?: boolean | undefined;
  /**
   * False: the tracer does not stand in for OpenTelemetry's provider, whatever DD_TRACE_OTEL_ENABLED says. Its spans
   * have no attributes to read, and OpenLLMetry reads some in every call of the application's.
   */
  readonly otelBridge?: boolean | undefined;
}

/**
 * Initialises the tracer as the settings say, wherever they came from, and loads its `register.js`. An application that
 * did so before keeps its tracer; LLM Observability is switched on there.
 *
 * @returns whether LLM Observability is on now, and whether the application was first
 */
export function initialise(
  tracer: Tracer,
  options: InitOptions,
  relayUrl: string | undefined,
): { enabled: boolean; late: boolean } {
  const { located, mlApp, service, env, version, agentUrl, captureContent, custodyLevel } = options;
  const late = (tracer as { readonly _initialized?: unknown })._initialized === true;
  const variables: Record<string, string | undefined> = {
    DD_LLMOBS_ENABLED: '1',
    DD_TRACE_AGENT_URL: relayUrl ?? agentUrl,
    // Delivery decides between Agent and intake, again and again; dd-trace would decide once, by one probe.
    ...(custodyLevel === 'evaluations' ? {} : { DD_LLMOBS_AGENTLESS_ENABLED: '0' }),
    ...(captureContent ? {} : WITHOUT_CONTENT),
    ...(options.exportsToAgent === true ? { DD_TRACE_EXPERIMENTAL_EXPORTER: 'agent' } : {}),
    ...(options.otelBridge === false ? { DD_TRACE_OTEL_ENABLED: 'false' } : {}),
    ...(custodyLevel === 'evaluations' ? {} : samplingVariables(options.sampling)),
  };
  withEnvironment(variables, () => {
    tracer.init({
      llmobs: { mlApp },
      ...(service === undefined ? {} : { service }),
      ...(env === undefined ? {} : { env }),
      ...(version === undefined ? {} : { version }),
    });
    if (late && tracer.llmobs.enabled === false) {
      tracer.llmobs.enable?.({
        mlApp,
        ...(custodyLevel === 'evaluations' ? {} : { agentlessEnabled: false }),
      });
    }
    located.require(join(located.root, 'register.js'));
  });
  if (late && relayUrl !== undefined) tracer.setUrl?.(relayUrl);
  return { enabled: tracer.llmobs.enabled !== false, late };
}

function samplingVariables(sampling: InitOptions['sampling']): Record<string, string | undefined> {
  if (sampling === undefined) return {};
  return {
    DD_TRACE_SAMPLING_RULES: undefined,
    DD_TRACE_SAMPLE_RATE: undefined,
    DD_TRACE_RATE_LIMIT: undefined,
  };
}

/** Where the tracer sends its traces; undefined where dd-trace does not show it. */
export function tracesTo(tracer: object): string | undefined {
  const url = (tracer as { _tracer?: { _exporter?: { _url?: unknown } } })._tracer?._exporter?._url;
  return url instanceof URL ? url.href : undefined;
}
