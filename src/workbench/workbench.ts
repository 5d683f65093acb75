import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from '../wire/datadog/decode-error.ts';
import type { HouseContext } from './api/house.ts';
import { Live, MAX_LISTENERS } from './api/live.ts';
import { apiRoutes } from './api/routes.ts';
import type { ForwardStatus } from './api/types.ts';
import { Access } from './http/access.ts';
import { ByteBudget } from './http/body.ts';
import { isLoopback } from './http/hosts.ts';
import { Router } from './http/router.ts';
import type { Route } from './http/route.ts';
import { type ListeningServer, listenOn, type ServerHooks } from './http/server.ts';
import type { Intake } from './intake/accept.ts';
import { datadogRoutes } from './intake/datadog.ts';
import { Forwarder } from './intake/forward.ts';
import { Notes } from './intake/notes.ts';
import { otlpRoutes } from './intake/otlp.ts';
import { pageRoutes } from './page/routes.ts';
import { Retention } from './store/retention.ts';
import { SqliteStore } from './store/sqlite-store.ts';
import type { WorkbenchLedger } from './store/store.ts';

/** Settings of a workbench; every bound has a default. */
export interface WorkbenchOptions {
  /** Datadog protocol, JSON API and page; 0 (default) takes any free port. */
  readonly port?: number | undefined;
  /** OTLP/HTTP; 0 (default) takes any free port. */
  readonly otlpPort?: number | undefined;
  /** Address to listen on; loopback by default. Any other needs `token`. */
  readonly host?: string | undefined;
  /** Names besides its addresses under which it may be asked for. */
  readonly hostNames?: readonly string[] | undefined;
  /** Asked of readers: `Authorization: Bearer`, or the one-time link of `uiUrl`. */
  readonly token?: string | undefined;
  /** Asked of senders where `token` is: `dd-api-key` or `x-keepspan-key`. Random when absent. */
  readonly intakeKey?: string | undefined;
  /** Path of the database, created with mode 0600; in memory when absent. */
  readonly databaseFile?: string | undefined;
  /** Past it the oldest requests are evicted. Default 256 MiB in memory, 1 GiB in a file. */
  readonly maxStoredBytes?: number | undefined;
  /** What came longer ago is evicted; absent: nothing for its age. */
  readonly maxAgeMs?: number | undefined;
  /** Of one request body, compressed and decompressed. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Batch keys remembered for `x-keepspan-batch`. Default 65,536. */
  readonly maxBatchKeys?: number | undefined;
  /** Prompts, answers, reasons and log messages are not stored. */
  readonly masked?: boolean | undefined;
  /** Accepted requests are sent on to this origin, an Agent or an OTLP endpoint. */
  readonly forwardUrl?: URL | undefined;
  /** The same for what comes in on the OTLP port; default `forwardUrl`. */
  readonly forwardOtlpUrl?: URL | undefined;
  /** A journal directory whose processes' ledgers are shown. */
  readonly journal?: string | undefined;
  /** Rows of `GET /api/alerts` and `GET /api/checklist`. */
  readonly alerts?: HouseContext['alerts'];
  readonly checklist?: HouseContext['checklist'];
  readonly limits?: DecodeLimits | undefined;
  readonly clock?: Clock | undefined;
}

/** A running workbench. */
export interface Workbench {
  /** What `DD_TRACE_AGENT_URL` is set to. */
  readonly datadogUrl: string;
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` is set to. */
  readonly otlpUrl: string;
  /** With a token: a link that works once. */
  readonly uiUrl: string;
  /** Undefined where none is asked for. */
  readonly intakeKey: string | undefined;
  ledger(): WorkbenchLedger;
  /** Finishes the requests at hand (at most 2 s), closes the ports and the store. Safe to call more than once. */
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const CLOSE_GRACE_MS = 2_000;
/** Bodies held at one time, in units of the largest body. */
const BODIES_IN_MEMORY = 4;

/** Every route of the Datadog port but the page's, in the order in which they are tried. Exported for the contract test. */
export function mainRoutes(intake: Intake, house: HouseContext, live: Pick<Live, 'route'>): readonly Route[] {
  return [...apiRoutes(house, intake, live), ...datadogRoutes(intake)];
}

/** One status of what both ports send on. */
function joined(main: Forwarder | undefined, otlp: Forwarder | undefined): ForwardStatus | undefined {
  const all = [...new Set([main, otlp])].flatMap((one) => (one === undefined ? [] : [one.status()]));
  const [first, second] = all;
  if (first === undefined || second === undefined) return first;
  const failing = all.find((one) => one.status === 'failing');
  return {
    url: `${first.url}, ${second.url}`,
    status: failing === undefined ? 'ok' : 'failing',
    accepted: first.accepted + second.accepted,
    forwarded: first.forwarded + second.forwarded,
    refused: first.refused + second.refused,
    dropped: first.dropped + second.dropped,
    waiting: first.waiting + second.waiting,
    lastError: failing?.lastError ?? first.lastError ?? second.lastError,
    lastSuccessMs: Math.max(first.lastSuccessMs ?? 0, second.lastSuccessMs ?? 0) || null,
  };
}

/**
 * Starts the development backend: intake for the Datadog Agent's protocol and OTLP/HTTP, a store, the JSON API
 * and a page.
 *
 * @throws Error with `code` EADDRINUSE or EACCES when a port cannot be had; RangeError when it would be reachable
 *   from elsewhere without a token; Error when the database cannot be opened.
 */
export async function startWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const { databaseFile, maxAgeMs, masked = false, token, host = '127.0.0.1', hostNames = [] } = options;
  if (!isLoopback(host) && token === undefined)
    throw new RangeError(`${host} can be reached from elsewhere, which needs a token`);
  const clock = options.clock ?? systemClock;
  const maxStoredBytes = options.maxStoredBytes ?? (databaseFile === undefined ? 256 : 1024) * MIB;
  const maxBodyBytes = options.maxBodyBytes ?? 64 * MIB;
  const maxBatchKeys = options.maxBatchKeys ?? 65_536;
  const limits = options.limits ?? DEFAULT_DECODE_LIMITS;
  const store = new SqliteStore({ file: databaseFile, maxStoredBytes, maxBatchKeys, clock });
  const notes = new Notes(() => clock.wall());
  const forward = options.forwardUrl && new Forwarder(options.forwardUrl, clock);
  const forwardOtlp = options.forwardOtlpUrl ? new Forwarder(options.forwardOtlpUrl, clock) : forward;
  const retention = new Retention(store, maxAgeMs, clock, (error) => notes.fail(error));
  const live = new Live(store, randomBytes(6).toString('hex'));
  const intakeKey =
    token === undefined ? undefined : (options.intakeKey ?? randomBytes(24).toString('base64url'));
  const access = token === undefined || intakeKey === undefined ? undefined : new Access(token, intakeKey);
  const intake: Intake = {
    store,
    notes,
    budget: new ByteBudget(BODIES_IN_MEMORY * maxBodyBytes),
    limits,
    maxBodyBytes,
    masked,
    wallMs: () => clock.wall(),
    forward,
  };
  const urls = { datadog: '', otlp: '' };
  const bound = { port: 0, otlpPort: 0, hosts: [] as readonly string[] };
  const startedMs = clock.now();
  const house: HouseContext = {
    store,
    notes,
    clock,
    datadogUrl: () => urls.datadog,
    otlpUrl: () => urls.otlp,
    databaseFile,
    maxStoredBytes,
    maxAgeMs,
    journal: options.journal,
    forward: () => joined(forward, forwardOtlp),
    uptimeMs: () => clock.now() - startedMs,
    alerts: options.alerts,
    checklist: options.checklist,
    settings: () => ({
      bind: { host, ...bound },
      auth: { token: access !== undefined, intakeKey: access !== undefined },
      masked,
      limits: { maxBodyBytes, maxBatchKeys, ...limits, maxListeners: MAX_LISTENERS },
    }),
  };
  const hooks = (routes: readonly Route[], hint: string): ServerHooks => ({
    router: new Router(routes),
    hint,
    access,
    refused: () => {
      notes.refusedRequests += 1;
    },
    failed: (error) => notes.fail(error),
  });
  const servers: ListeningServer[] = [];
  const close = async (): Promise<void> => {
    live.close();
    retention.stop();
    await Promise.all(servers.map((server) => server.close(CLOSE_GRACE_MS)));
    forward?.close();
    forwardOtlp?.close();
    store.close();
  };
  try {
    const routes = [...pageRoutes(house), ...mainRoutes(intake, house, live)];
    const main = await listenOn(
      { host, port: options.port ?? 0, names: hostNames },
      hooks(routes, 'see /api/health'),
    );
    servers.push(main);
    const otlp = await listenOn(
      { host, port: options.otlpPort ?? 0, names: hostNames },
      hooks(
        otlpRoutes({ ...intake, forward: forwardOtlp }),
        'this port takes OTLP/HTTP: POST /v1/traces and /v1/logs (no metrics)',
      ),
    );
    servers.push(otlp);
    const shown = isLoopback(host) || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    const authority = shown.includes(':') ? `[${shown}]` : shown;
    urls.datadog = `http://${authority}:${main.port}`;
    urls.otlp = `http://${authority}:${otlp.port}`;
    Object.assign(bound, { port: main.port, otlpPort: otlp.port, hosts: main.hosts });
    retention.start();
  } catch (error) {
    await close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    datadogUrl: urls.datadog,
    otlpUrl: urls.otlp,
    uiUrl: access === undefined ? `${urls.datadog}/` : `${urls.datadog}/?t=${access.issueLink()}`,
    intakeKey,
    ledger: () => store.ledger(),
    close: () => (closing ??= close()),
  };
}
