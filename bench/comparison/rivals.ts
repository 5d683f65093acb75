import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One row of the comparison. To add one: a program in `programs/`, and an entry here. */
export interface RivalRow {
  readonly id: string;
  readonly name: string;
  /** In words, for the table of settings. */
  readonly settings: string;
  /** In `programs/`. */
  readonly program: string;
  /** The application does what the documentation asks of it: handlers, awaited flushes, awaited shutdown. */
  readonly tuned: boolean;
  readonly preload: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** An OpenTelemetry Collector with a queue on disk stands between the process and upstream. */
  readonly collector: boolean;
  /** What was left on disk is sent by the next start of the program. */
  readonly persists: boolean;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const LANGFUSE_FOLDER: string = join(ROOT, '.cache', 'comparison', 'langfuse');

const DATADOG = {
  DD_SERVICE: 'comparison',
  DD_LLMOBS_ENABLED: '1',
  DD_LLMOBS_ML_APP: 'comparison',
  DD_TRACE_STARTUP_LOGS: 'false',
  // Its own messages to Datadog are no part of what is compared.
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
};
const QUEUE = {
  OTEL_BSP_MAX_QUEUE_SIZE: '50000',
  OTEL_BSP_SCHEDULE_DELAY: '200',
  OTEL_BSP_EXPORT_TIMEOUT: '30000',
};
const DEFAULTS = 'as installed; the application does nothing at its end';
const PLAIN = { preload: [], env: {}, collector: false, persists: false, tuned: false, settings: DEFAULTS };

export const RIVALS: readonly RivalRow[] = [
  {
    ...PLAIN,
    id: 'dd-trace',
    name: 'dd-trace',
    program: 'dd-trace.ts',
    preload: ['--import', 'dd-trace/initialize.mjs'],
    env: DATADOG,
  },
  {
    ...PLAIN,
    id: 'dd-trace-tuned',
    name: 'dd-trace, tuned',
    settings:
      '`DD_LLMOBS_AGENTLESS_ENABLED=0`; `llmobs.flush()` and a turn of the event loop after each 1,000 spans; SIGTERM and uncaughtException close every handle and let the process end by itself',
    program: 'dd-trace.ts',
    preload: ['--import', 'dd-trace/initialize.mjs'],
    env: { ...DATADOG, DD_LLMOBS_AGENTLESS_ENABLED: '0' },
    tuned: true,
  },
  { ...PLAIN, id: 'opentelemetry', name: 'OpenTelemetry SDK', program: 'opentelemetry.ts' },
  {
    ...PLAIN,
    id: 'opentelemetry-tuned',
    name: 'OpenTelemetry SDK, tuned',
    settings:
      '`maxQueueSize` 50,000, `scheduledDelayMillis` 200, export timeouts 30 s, `concurrencyLimit` 100; `forceFlush()` awaited after each 1,000 spans; `shutdown()` awaited at the end, on SIGTERM and on uncaughtException',
    program: 'opentelemetry.ts',
    tuned: true,
  },
  { ...PLAIN, id: 'openllmetry', name: 'OpenLLMetry', program: 'openllmetry.ts' },
  {
    ...PLAIN,
    id: 'openllmetry-tuned',
    name: 'OpenLLMetry, tuned',
    settings:
      '`OTEL_BSP_MAX_QUEUE_SIZE` 50,000, `OTEL_BSP_SCHEDULE_DELAY` 200, `OTEL_BSP_EXPORT_TIMEOUT` and `OTEL_EXPORTER_OTLP_TIMEOUT` 30 s; `forceFlush()` awaited after each 1,000 spans, at the end, on SIGTERM and on uncaughtException',
    program: 'openllmetry.ts',
    env: { ...QUEUE, OTEL_EXPORTER_OTLP_TIMEOUT: '30000' },
    tuned: true,
  },
  {
    ...PLAIN,
    id: 'langfuse',
    name: 'Langfuse',
    program: 'langfuse.ts',
    env: { COMPARISON_LANGFUSE: LANGFUSE_FOLDER },
  },
  {
    ...PLAIN,
    id: 'langfuse-tuned',
    name: 'Langfuse, tuned',
    settings:
      '`flushAt` 512, `flushInterval` 1 s, `timeout` 30 s, `OTEL_BSP_MAX_QUEUE_SIZE` 50,000, `OTEL_BSP_EXPORT_TIMEOUT` 30 s; `forceFlush()` awaited after each 1,000 spans; `shutdown()` awaited at the end, on SIGTERM and on uncaughtException',
    program: 'langfuse.ts',
    env: { ...QUEUE, COMPARISON_LANGFUSE: LANGFUSE_FOLDER },
    tuned: true,
  },
  {
    ...PLAIN,
    id: 'collector',
    name: 'OpenTelemetry SDK, tuned, and a local Collector',
    settings:
      'the tuned SDK sends to a Collector on the same machine with `file_storage` as its queue, which never gives up (scripts/counterparts/collector/config.yaml)',
    program: 'opentelemetry.ts',
    collector: true,
    tuned: true,
  },
  {
    ...PLAIN,
    id: 'keepspan',
    name: 'Keepspan, stack datadog',
    settings: '`--import keepspan/register`; the application does nothing at its end',
    program: 'dd-trace.ts',
    preload: ['--import', 'keepspan/register'],
    env: DATADOG,
    persists: true,
  },
  {
    ...PLAIN,
    id: 'keepspan-otlp',
    name: 'Keepspan, stack otlp',
    settings:
      '`new CustodySpanProcessor({ endpoint })` in the place of BatchSpanProcessor; the application does nothing at its end',
    program: 'keepspan-otlp.ts',
    persists: true,
  },
];
