import { HttpError } from '../http/http-error.ts';
import { type Call, jsonReply, jsonTextReply, type Reply, type Route } from '../http/route.ts';
import { parseTraceQuery, TraceQueryError, type TraceQuery } from '../store/queries/trace-query.ts';
import type { Store } from '../store/store.ts';
import { idsOf, integer, oneOf, pageOf, pageReply, rangeOf } from './parameters.ts';
import type { NoTrace } from './types.ts';

const MAX_SPANS_LIMIT = 5_000;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const SORTS = ['time', 'duration', 'spans', 'errors', 'tokens'] as const;

function queryOf(store: Store, text: string): TraceQuery {
  try {
    return parseTraceQuery(text, (ids) => store.resolve(ids)?.traceId);
  } catch (error) {
    if (!(error instanceof TraceQueryError)) throw error;
    throw new HttpError(400, error.message, {}, { position: error.position });
  }
}

async function listTraces(store: Store, { query }: Call): Promise<Reply> {
  const page = await store.traces({
    ...pageOf(query),
    ...rangeOf(query),
    sort: oneOf(query, 'sort', SORTS) ?? 'time',
    query: queryOf(store, query.get('q') ?? ''),
  });
  return pageReply('traces', page, store.counts('spans'));
}

function traceIdOf({ params }: Call): string {
  const traceId = params['traceId'] ?? '';
  if (!TRACE_ID.test(traceId)) throw new HttpError(400, 'a trace id is 32 lower-case hex digits');
  return traceId;
}

function noTrace(store: Store, traceId: string, sampledOutSpans: number | null): Reply {
  const evictedAtMs = store.evictedAt(traceId) ?? null;
  const maybe = sampledOutSpans ? `, or sampled out (${sampledOutSpans} spans were)` : '';
  const answer: NoTrace = {
    error:
      evictedAtMs === null
        ? `no span of trace ${traceId} was received${maybe}`
        : `trace ${traceId} was evicted at ${new Date(evictedAtMs).toISOString()}`,
    reason: evictedAtMs === null ? 'not-received' : 'evicted',
    evictedAtMs,
    sampledOutSpans,
  };
  return jsonReply(404, answer);
}

function oneTrace(store: Store, call: Call, sampledOut: () => number | null): Reply {
  const { query } = call;
  const traceId = traceIdOf(call);
  const cursor = integer(query, 'cursor', Number.MAX_SAFE_INTEGER);
  const page = {
    limit: integer(query, 'limit', MAX_SPANS_LIMIT) ?? MAX_SPANS_LIMIT,
    cursor: cursor === undefined ? undefined : String(cursor),
  };
  const found = store.trace(traceId, page, oneOf(query, 'detail', ['1']) !== undefined);
  if (found === undefined) return noTrace(store, traceId, sampledOut());
  const { spans, llmSpans, evaluations, logs, summary } = found;
  const nextCursor = spans.nextCursor === undefined ? 'null' : `"${spans.nextCursor}"`;
  return jsonTextReply(
    `{"traceId":"${traceId}","summary":${summary},"spans":[${spans.items.join(',')}],` +
      `"llmSpans":[${llmSpans.join(',')}],"evaluations":[${evaluations.join(',')}],` +
      `"logs":${logs},"nextCursor":${nextCursor}}`,
  );
}

function oneSpan(store: Store, call: Call): Reply {
  const traceId = traceIdOf(call);
  const spanId = call.params['spanId'] ?? '';
  if (!SPAN_ID.test(spanId)) throw new HttpError(400, 'a span id is 16 lower-case hex digits');
  const found = store.span(traceId, spanId);
  if (found === undefined) throw new HttpError(404, `span ${spanId} of trace ${traceId} is not stored`);
  return jsonTextReply(found);
}

function resolve(store: Store, { query }: Call): Reply {
  const text = query.get('id') ?? '';
  const found = store.resolve(idsOf(text, 'id'));
  if (found === undefined) throw new HttpError(404, `no trace or span with the id ${text} is stored`);
  return jsonReply(200, found);
}

/** Lists, one trace, one span, and the way from an id to them. */
export function traceRoutes(store: Store, sampledOut: () => number | null): readonly Route[] {
  const get = (template: string, handle: Route['handle']): Route => ({ template, methods: ['GET'], handle });
  return [
    get('/api/traces', (call) => listTraces(store, call)),
    get('/api/traces/{traceId}', (call) => oneTrace(store, call, sampledOut)),
    get('/api/traces/{traceId}/spans/{spanId}', (call) => oneSpan(store, call)),
    get('/api/resolve', (call) => resolve(store, call)),
  ];
}
