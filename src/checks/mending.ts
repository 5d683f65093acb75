import { copies, has, isInitialised, isPreloaded, isTrue, variable, type CheckContext } from './context.ts';

/** What Keepspan does to other libraries in a project's process, as far as files and variables tell. */
export interface Mending {
  readonly stack: 'datadog' | 'dual' | 'otlp';
  /** It comes before everything, and not by a call of the application's. */
  readonly preloaded: boolean;
  /** What has ended is in the journal, or gets there at every exit. */
  readonly keeps: boolean;
  /** Signers leave trace headers unsigned, and nobody adds any to a request of undici that covers one. */
  readonly signers: boolean;
  /** dd-trace is taken over: its streams, its prompts from Bedrock. */
  readonly tracer: boolean;
  /** OpenLLMetry is started for frameworks alone, and the application's own call of `initialize()` does nothing. */
  readonly openllmetry: boolean;
  /** Instrumentations of OpenTelemetry are mended as they are loaded. */
  readonly instrumentations: boolean;
}

const SAID = /\binitObservability\s*\(\s*\{[^)]*\bstack\s*:\s*['"](datadog|dual|otlp)['"]/;
const PROCESSOR = /new\s+CustodySpanProcessor\s*\(/;

/** @returns undefined where Keepspan is not part of the process, or is switched off by name */
export function mending(context: CheckContext): Mending | undefined {
  const preloaded = isPreloaded(context);
  const processor = context.project.find(PROCESSOR).length > 0;
  if (!preloaded && !isInitialised(context) && !processor) return undefined;
  const stack = stackOf(context, processor && !preloaded && !isInitialised(context));
  if (stack === undefined) return undefined;
  const custody = variable(context, 'KEEPSPAN_CUSTODY')?.value.trim().toLowerCase();
  const takes = custody !== 'observe' && custody !== 'evaluations';
  return {
    stack,
    preloaded,
    keeps: stack === 'otlp' || takes,
    signers: custody !== 'observe',
    tracer: stack !== 'otlp' && takes && isOfKnownMajor(context),
    openllmetry: stack === 'dual' && preloaded,
    instrumentations: stack === 'otlp' && custody !== 'observe',
  };
}

/** As src/pipeline decides: by name, else by what is installed and where it is to send. */
function stackOf(context: CheckContext, byProcessor: boolean): Mending['stack'] | undefined {
  const named = variable(context, 'KEEPSPAN_STACK')?.value.trim().toLowerCase();
  if (named === 'off') return undefined;
  if (named === 'datadog' || named === 'dual' || named === 'otlp') return named;
  const said = context.project.files
    .map(({ kind, code }) => (kind === 'source' ? SAID.exec(code)?.[1] : undefined))
    .find((found) => found !== undefined);
  if (said !== undefined) return said as Mending['stack'];
  const isOn = isTrue(variable(context, 'DD_LLMOBS_ENABLED')?.value);
  if (byProcessor && !isOn) return 'otlp';
  const receiver =
    variable(context, 'OTEL_EXPORTER_OTLP_ENDPOINT') ??
    variable(context, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  if (receiver !== undefined && !has(context, 'dd-trace')) return 'otlp';
  const frameworks = variable(context, 'TRACELOOP_BASE_URL');
  return frameworks !== undefined && has(context, '@traceloop/node-server-sdk') ? 'dual' : 'datadog';
}

/** Where nothing of dd-trace is installed here, the one that will be is not known to be another. */
function isOfKnownMajor(context: CheckContext): boolean {
  if (context.project.hasArchives && context.start === undefined) return true;
  return copies(context, 'dd-trace').every(({ version }) => version.startsWith('6.'));
}
