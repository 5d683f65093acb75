// Subpath `keepspan/logging`. pino is loaded here and nowhere else: who does not import this does not have it.
import { pino } from 'pino';
import type { Logger } from 'pino';
import { datadogCorrelation } from './bridges/correlation/dd-trace.ts';
import { openTelemetryCorrelation } from './bridges/correlation/opentelemetry.ts';
import type { FindCorrelation } from './contracts/correlation.ts';
import { captureConsole } from './logging/capture-console.ts';
import { captureStdout } from './logging/capture-stdout.ts';
import { createDebugWindow, type DebugWindow } from './logging/debug-window.ts';
import { createLogging, type Destination, type Logging } from './logging/logging.ts';
import * as aws from './logging/third-party/aws.ts';
import * as debugPackage from './logging/third-party/debug.ts';
import * as http from './logging/third-party/http.ts';
import * as kafka from './logging/third-party/kafka.ts';
import * as ocr from './logging/third-party/ocr.ts';
import * as opensearch from './logging/third-party/opensearch.ts';
import * as winston from './logging/winston.ts';
import type { LogLevel } from './settings/format.ts';
import { loadSettings } from './settings/load.ts';
import { secretValues } from './settings/secrets.ts';
import { noteState } from './selfmetrics/states.ts';
import { setRecordSink } from './selfmetrics/stderr.ts';

export type { Logger } from 'pino';
export type { LogLevel } from './settings/format.ts';
export type { Destination } from './logging/logging.ts';
export type { AwsLogger } from './logging/third-party/aws.ts';
export type { DebugModule } from './logging/third-party/debug.ts';
export type { KafkaLogEntry } from './logging/third-party/kafka.ts';
export type { SearchClient } from './logging/third-party/opensearch.ts';
export type { WinstonFormat } from './logging/winston.ts';

export interface LoggingOptions {
  /** Whether `console.*` becomes records. Default true. */
  readonly console?: boolean;
  /** Whether what is written to stdout past the loggers becomes records. Default true. */
  readonly stdout?: boolean;
  /** Whether failed HTTP requests are logged, at warn. Default true. */
  readonly http?: boolean;
  /** Whether SIGUSR2 toggles temporary debug. Default true. */
  readonly debugSignal?: boolean;
  /** Whether what was said to and by a model may be logged. Default false. */
  readonly content?: boolean;
  /** Levels of single loggers; they go before those of the environment. */
  readonly levels?: Readonly<Record<string, LogLevel>>;
  /** Where lines go. Default: standard output, synchronously, so that the lines before an exit are there. */
  readonly destination?: Destination;
}

/** What was switched on by `setupLogging`. */
export interface LoggingHandle {
  /** Debug for the application and its evaluations until that moment (milliseconds since 1970); it ends by itself. */
  debugUntil(untilMs: number): void;
  /** Takes back captures, listeners, timers and the sink of records. Loggers go on working. */
  uninstall(): void;
}

interface State {
  readonly logging: Logging;
  readonly debug: DebugWindow;
  readonly logsInjection: boolean;
  readonly uninstallSink: () => void;
}

const DEBUG_SIGNAL = 'SIGUSR2';
const datadog = datadogCorrelation();
const openTelemetry = openTelemetryCorrelation();
let state: State | undefined;
let handle: LoggingHandle | undefined;

/** Whichever tracer has an active span; of two, dd-trace's: in stack `dual` both are in the same trace. */
const correlation: FindCorrelation = () => {
  const found = datadog();
  return found?.traceId === undefined ? (openTelemetry() ?? found) : found;
};

function current(options: LoggingOptions = {}): State {
  if (state !== undefined) return state;
  const { settings } = loadSettings();
  const logging = createLogging({
    settings,
    destination: options.destination ?? pino.destination({ fd: 1, sync: true }),
    correlation,
    secrets: secretValues(),
    levels: options.levels,
    content: options.content ?? false,
  });
  const debug = createDebugWindow({
    untilMs: settings.debugUntil,
    toggleMs: settings.debugToggleMs,
    setDebug: (on) => {
      logging.setDebug(on);
      noteState('debug', on);
    },
    say: (on, untilMs) =>
      logging
        .logger('keepspan')
        .info(
          on ? { until: new Date(untilMs ?? 0).toISOString() } : {},
          on ? 'debug_started' : 'debug_ended',
        ),
  });
  const uninstallSink = setRecordSink((record) => {
    logging.writeRecord('keepspan', record);
    return true;
  });
  state = { logging, debug, logsInjection: settings.logsInjection, uninstallSink };
  return state;
}

/**
 * The logger of that name: pino, one JSON object a line on stdout, with service, env, version, hostname, logger, and
 * the ids of the active span. `evaluations` and names of known libraries have levels of their own; a dotted name
 * belongs to what stands before the dot. Nothing but the logger is installed by asking for one.
 *
 * @example
 * const log = logger('app.import');
 * log.info({ field_name: 'licence' }, 'extracted');
 */
export function logger(name = 'app'): Logger {
  return current().logging.logger(name);
}

/**
 * Makes every line of stdout a JSON object with the right level: console and stray writes are taken, debug can be
 * switched on for a time. Call it first, before libraries are loaded. Idempotent: a second call returns the first
 * one's handle, whatever it asks for.
 */
export function setupLogging(options: LoggingOptions = {}): LoggingHandle {
  if (handle !== undefined) return handle;
  const { logging, debug, uninstallSink } = current(options);
  const undo: (() => void)[] = [];
  if (options.console ?? true) undo.push(captureConsole(logging));
  if (options.stdout ?? true) {
    const restore = captureStdout(logging);
    // Half a line that a program ends with is a line.
    process.on('exit', restore);
    undo.push(() => process.off('exit', restore), restore);
  }
  if (options.http ?? true) undo.push(http.observeHttp(logging));
  if (options.debugSignal ?? true) {
    const toggle = () => debug.toggle();
    process.on(DEBUG_SIGNAL, toggle);
    undo.push(() => process.off(DEBUG_SIGNAL, toggle));
  }
  handle = {
    debugUntil: (untilMs) => debug.until(untilMs),
    uninstall() {
      debug.stop();
      for (const step of undo.splice(0).toReversed()) step();
      uninstallSink();
      handle = undefined;
      state = undefined;
    },
  };
  return handle;
}

/** The `logger` of an AWS SDK v3 client: `new SQSClient({ logger: awsLogger() })`. Inputs and outputs are left out. */
export function awsLogger(): aws.AwsLogger {
  return aws.awsLogger(current().logging);
}

/** The `logCreator` of kafkajs: `new Kafka({ brokers, logCreator: kafkaLogCreator() })`. */
export function kafkaLogCreator(): () => (entry: kafka.KafkaLogEntry) => void {
  return kafka.kafkaLogCreator(current().logging);
}

/** Logs what fails in an OpenSearch client, at warn. Returns what takes the listener away. */
export function observeSearchClient(client: opensearch.SearchClient): () => void {
  return opensearch.observeSearchClient(current().logging, client);
}

/** Sends what the package `debug` shows to the logger `debug`. Returns what puts its own output back. */
export function captureDebug(module: debugPackage.DebugModule): () => void {
  return debugPackage.captureDebug(current().logging, module);
}

/** What `createWorker` of tesseract.js takes: progress at debug, failures at error. */
export function tesseractOptions(): ReturnType<typeof ocr.tesseractOptions> {
  return ocr.tesseractOptions(current().logging);
}

/** What a session of onnxruntime takes, so that its native code is as quiet as the logger `ocr`. */
export function onnxSessionOptions(): ReturnType<typeof ocr.onnxSessionOptions> {
  return ocr.onnxSessionOptions(current().logging);
}

/**
 * A winston format with the ids of the active span, for applications that keep winston:
 * `format.combine(winstonCorrelation(), format.json())`. Where dd-trace has added `dd`, it stays.
 */
export function winstonCorrelation(): winston.WinstonFormat {
  return winston.winstonCorrelation(correlation, current().logsInjection);
}
