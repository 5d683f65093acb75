import { type Clock, systemClock } from '../kernel/clock.ts';
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from '../wire/datadog/decode-error.ts';
import { type ApiContext, apiRoutes } from './api/routes.ts';
import { ByteBudget } from './http/body.ts';
import { Router } from './http/router.ts';
import type { Route } from './http/route.ts';
import { listenLoopback, type LoopbackServer, type ServerHooks } from './http/server.ts';
import type { Intake } from './intake/accept.ts';
import { datadogRoutes } from './intake/datadog.ts';
import { Notes } from './intake/notes.ts';
import { otlpRoutes } from './intake/otlp.ts';
import { pageRoutes } from './page/routes.ts';
import { SqliteStore } from './store/sqlite-store.ts';
import type { WorkbenchLedger } from './store/store.ts';

/** Settings of a workbench; every bound has a default. */
export interface WorkbenchOptions {
  /** Datadog protocol, JSON API and page; 0 (default) takes any free port. */
  readonly port?: number | undefined;
  /** OTLP/HTTP; 0 (default) takes any free port. */
  readonly otlpPort?: number | undefined;
  /** Path of the database, created with mode 0600; in memory when absent. */
  readonly databaseFile?: string | undefined;
  /** Past it the oldest requests are evicted. Default 256 MiB in memory, 1 GiB in a file. */
  readonly maxStoredBytes?: number | undefined;
  /** Of one request body, compressed and decompressed. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Batch keys remembered for `x-keepspan-batch`. Default 65,536. */
  readonly maxBatchKeys?: number | undefined;
  readonly limits?: DecodeLimits | undefined;
  readonly clock?: Clock | undefined;
}

/** A running workbench. */
export interface Workbench {
  /** What `DD_TRACE_AGENT_URL` is set to. */
  readonly datadogUrl: string;
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` is set to. */
  readonly otlpUrl: string;
  readonly uiUrl: string;
  ledger(): WorkbenchLedger;
  /** Finishes the requests at hand (at most 2 s), closes the ports and the store. Safe to call more than once. */
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const CLOSE_GRACE_MS = 2_000;
/** Bodies held at one time, in units of the largest body. */
const BODIES_IN_MEMORY = 4;

/** Every route of the Datadog port, in the order in which they are tried. Exported for the contract test. */
export function mainRoutes(intake: Intake, api: ApiContext): readonly Route[] {
  return [...pageRoutes(api), ...apiRoutes(api), ...datadogRoutes(intake)];
}

/**
 * Starts the development backend: intake for the Datadog Agent's protocol and OTLP/HTTP, a store, the JSON API
 * and a page. Listens on loopback addresses only.
 *
 * @throws Error with `code` EADDRINUSE or EACCES when a port cannot be had; Error when the database cannot be opened.
 */
export async function startWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const clock = options.clock ?? systemClock;
  const maxStoredBytes = options.maxStoredBytes ?? (options.databaseFile === undefined ? 256 : 1024) * MIB;
  const maxBodyBytes = options.maxBodyBytes ?? 64 * MIB;
  const store = new SqliteStore({
    file: options.databaseFile,
    maxStoredBytes,
    maxBatchKeys: options.maxBatchKeys ?? 65_536,
  });
  const notes = new Notes(() => clock.wall());
  const budget = new ByteBudget(BODIES_IN_MEMORY * maxBodyBytes);
  const intake: Intake = {
    store,
    notes,
    budget,
    limits: options.limits ?? DEFAULT_DECODE_LIMITS,
    maxBodyBytes,
  };
  const urls = { datadog: '', otlp: '' };
  const startedMs = clock.now();
  const api: ApiContext = {
    store,
    notes,
    datadogUrl: () => urls.datadog,
    otlpUrl: () => urls.otlp,
    maxStoredBytes,
    database: options.databaseFile === undefined ? 'memory' : 'file',
    uptimeMs: () => clock.now() - startedMs,
  };
  const hooks = (routes: readonly Route[], hint: string): ServerHooks => ({
    router: new Router(routes),
    hint,
    refused: () => {
      notes.refusedRequests += 1;
    },
    failed: (error) => notes.fail(error),
  });
  const servers: LoopbackServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close(CLOSE_GRACE_MS)));
    store.close();
  };
  try {
    const main = await listenLoopback(options.port ?? 0, hooks(mainRoutes(intake, api), 'see /api/health'));
    servers.push(main);
    urls.datadog = `http://127.0.0.1:${main.port}`;
    const otlp = await listenLoopback(
      options.otlpPort ?? 0,
      hooks(otlpRoutes(intake), 'this port takes OTLP/HTTP traces: POST /v1/traces (no logs, no metrics)'),
    );
    servers.push(otlp);
    urls.otlp = `http://127.0.0.1:${otlp.port}`;
  } catch (error) {
    await close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    datadogUrl: urls.datadog,
    otlpUrl: urls.otlp,
    uiUrl: `${urls.datadog}/`,
    ledger: () => store.ledger(),
    close: () => (closing ??= close()),
  };
}
