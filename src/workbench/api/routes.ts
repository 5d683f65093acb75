import { HttpError } from '../http/http-error.ts';
import { type Call, jsonReply, type Reply, type Route } from '../http/route.ts';
import type { Notes } from '../intake/notes.ts';
import type { Page, PageRequest, Store } from '../store/store.ts';

/** What the API tells about the workbench itself. */
export interface ApiContext {
  readonly store: Store;
  readonly notes: Notes;
  readonly datadogUrl: () => string;
  readonly otlpUrl: () => string;
  readonly maxStoredBytes: number;
  readonly database: 'memory' | 'file';
  /** Monotonic milliseconds since the start. */
  readonly uptimeMs: () => number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const MAX_SPANS_LIMIT = 5_000;
const TRACE_ID = /^[0-9a-f]{32}$/;

function integer(query: URLSearchParams, name: string, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new HttpError(400, `${name} is a whole number from 1 to ${max}`);
  return value;
}

const pageRequest = (query: URLSearchParams, defaultLimit: number, maxLimit: number): PageRequest => ({
  limit: integer(query, 'limit', maxLimit) ?? defaultLimit,
  cursor: integer(query, 'cursor', Number.MAX_SAFE_INTEGER),
});

const cursorJson = ({ nextCursor }: Page): string => (nextCursor === undefined ? 'null' : `"${nextCursor}"`);

const pageReply = (name: string, page: Page): Reply => ({
  status: 200,
  contentType: 'application/json',
  body: `{"${name}":[${page.items.join(',')}],"nextCursor":${cursorJson(page)}}`,
});

const get = (template: string, handle: (call: Call) => Reply): Route => ({
  template,
  methods: ['GET'],
  handle,
});

const listing = (template: string, name: string, read: (page: PageRequest) => Page): Route =>
  get(template, ({ query }) => pageReply(name, read(pageRequest(query, DEFAULT_LIMIT, MAX_LIMIT))));

function trace(store: Store, { params, query }: Call): Reply {
  const traceId = params['traceId'] ?? '';
  if (!TRACE_ID.test(traceId)) throw new HttpError(400, 'a trace id is 32 lower-case hex digits');
  const found = store.trace(traceId, pageRequest(query, MAX_SPANS_LIMIT, MAX_SPANS_LIMIT));
  if (found === undefined)
    throw new HttpError(404, `no span of trace ${traceId} is stored: never received, or evicted`);
  return {
    status: 200,
    contentType: 'application/json',
    body:
      `{"traceId":"${traceId}","spans":[${found.items.join(',')}],` +
      `"llmSpans":[${found.llmSpans.join(',')}],"nextCursor":${cursorJson(found)}}`,
  };
}

/** The JSON API, described in docs/openapi.yaml. */
export function apiRoutes(context: ApiContext): readonly Route[] {
  const { store, notes } = context;
  return [
    get('/api/ledger', () => jsonReply(200, store.ledger())),
    get('/api/health', () =>
      jsonReply(200, {
        status: notes.failedRequests === 0 ? 'ok' : 'degraded',
        datadogUrl: context.datadogUrl(),
        otlpUrl: context.otlpUrl(),
        uptimeMs: Math.round(context.uptimeMs()),
        database: context.database,
        storedBytes: store.storedBytes,
        maxStoredBytes: context.maxStoredBytes,
        refusedRequests: notes.refusedRequests,
        failedRequests: notes.failedRequests,
        lastFailure: notes.lastFailure ?? null,
        passedThrough: notes.passedThrough,
        lastRejections: notes.lastRejections,
      }),
    ),
    listing('/api/traces', 'traces', (page) => store.traces(page)),
    get('/api/traces/{traceId}', (call) => trace(store, call)),
    listing('/api/llm-spans', 'llmSpans', (page) => store.llmSpans(page)),
    listing('/api/evaluations', 'evaluations', (page) => store.evaluations(page)),
  ];
}
