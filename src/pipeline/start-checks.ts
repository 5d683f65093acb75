import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { isTracerLoaded } from '../bridges/correlation/dd-trace.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { importerOf } from './loaded-by.ts';

/** What was found at start, as far as it is known by now. */
export interface StartFindings {
  /** No library that the tracer should see was loaded before it. */
  readonly tracerFirst: boolean;
  /** Those that were, of the CommonJS ones: what `import` has loaded cannot be seen from here. */
  readonly loadedBefore: readonly string[];
  /** The file that asked for each of them first; left out where there is none. */
  readonly loadedBy?: Readonly<Record<string, string>>;
  /** Whether somebody takes connections at the address of upstream; undefined as long as that is not known. */
  readonly upstreamReachable: boolean | undefined;
}

export interface StartChecks {
  findings(): StartFindings;
  stop(): void;
}

/** What makes LLM spans, or the spans around them, and is traced only when it is loaded after the tracer. */
const TRACED =
  /[/\\]node_modules[/\\](openai|@anthropic-ai[/\\]sdk|@langchain[/\\]core|@google[/\\]genai|@google-cloud[/\\]vertexai|ai|@aws-sdk[/\\]client-(?:bedrock-runtime|sqs)|@smithy[/\\](?:core|smithy-client)|@aws-sdk[/\\]smithy-client|kafkajs|@platformatic[/\\]kafka|@opensearch-project[/\\]opensearch|fastify|express|pg|mysql2|mongodb|ioredis|redis|undici)[/\\]/;
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Looks what is loaded already and whether upstream takes connections. Called before the tracer is started: it is what
 * the first answer is about, and the connection is to make no span. Costs a walk over the names of loaded modules; the
 * rest happens beside, and keeps no process alive.
 */
export function beginStartChecks(upstreamUrl: string | undefined): StartChecks {
  const { cache } = createRequire(import.meta.url);
  const loadedBefore = loadedLibraries(Object.keys(cache));
  const loadedBy = Object.fromEntries(
    loadedBefore.map((name) => [name, importerOf(cache, (file) => loadedLibraries([file])[0] === name)]),
  );
  if (loadedBefore.length > 0) warnOnce('KS-START-002', { libraries: loadedBefore, by: loadedBy });
  let upstreamReachable: boolean | undefined;
  const stop =
    // A tracer that the application has started before us would make a span of the connection.
    upstreamUrl === undefined || isTracerLoaded()
      ? () => undefined
      : probe(upstreamUrl, (error) => {
          upstreamReachable = error === undefined;
          if (error !== undefined) warnOnce('KS-START-003', { upstream: shown(upstreamUrl), error });
        });
  return {
    findings: () => ({
      tracerFirst: loadedBefore.length === 0,
      loadedBefore,
      ...(loadedBefore.length === 0 ? {} : { loadedBy }),
      upstreamReachable,
    }),
    stop,
  };
}

/** The traced libraries among the files of loaded modules, each once. */
export function loadedLibraries(files: readonly string[]): readonly string[] {
  const names = files.flatMap((file) => TRACED.exec(file)?.[1]?.replaceAll('\\', '/') ?? []);
  return [...new Set(names)].sort();
}

/** An address without the credentials that may stand in it. */
function shown(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return protocol === 'unix:' ? `unix://${pathname}` : `${protocol}//${host}`;
}

/** Connects and hangs up. `done` is told once, unless it was stopped before. */
function probe(address: string, done: (error: string | undefined) => void): () => void {
  const url = new URL(address);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = url.protocol === 'unix:' ? connect(url.pathname) : connect(port, host);
  socket.unref();
  // From the first turn of the loop on: loading tracers may hold it up for longer than an answer takes.
  const turn = setImmediate(() =>
    socket.setTimeout(PROBE_TIMEOUT_MS, () =>
      socket.destroy(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`)),
    ),
  ).unref();
  let isOver = false;
  const end = (error?: Error) => {
    if (isOver) return;
    isOver = true;
    clearImmediate(turn);
    socket.destroy();
    done(error?.message);
  };
  socket.once('connect', () => end());
  socket.on('error', end);
  return () => {
    isOver = true;
    clearImmediate(turn);
    socket.destroy();
  };
}
