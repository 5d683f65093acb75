import { HttpError } from '../http/http-error.ts';
import { type Call, jsonReply, type Reply, type Route } from '../http/route.ts';
import { LEVELS } from '../store/queries/json-rows.ts';
import type { Store } from '../store/store.ts';
import { EvaluationTally } from './evaluation-summary.ts';
import { counted, idsOf, oneOf, pageOf, pageReply, rangeOf, textOf } from './parameters.ts';
import type { EvaluationSummaries } from './types.ts';

async function llmSpans(store: Store, { query }: Call): Promise<Reply> {
  const filter = { kind: textOf(query, 'kind'), model: textOf(query, 'model') };
  const page = await store.llmSpans({ ...pageOf(query), ...rangeOf(query), ...filter });
  return pageReply('llmSpans', page, store.counts('llmSpans'));
}

async function evaluations(store: Store, { query }: Call): Promise<Reply> {
  const filter = { label: textOf(query, 'label'), decision: textOf(query, 'decision') };
  const page = await store.evaluations({ ...pageOf(query), ...rangeOf(query), ...filter });
  return pageReply('evaluations', page, store.counts('evaluations'));
}

async function summaries(store: Store, { query }: Call): Promise<Reply> {
  const tally = new EvaluationTally();
  const range = { ...rangeOf(query), label: textOf(query, 'label') };
  const scan = await store.scanEvaluations(range, (row) => tally.add(row));
  const answer: EvaluationSummaries = {
    labels: tally.summaries(),
    counts: counted(store.counts('evaluations')),
    scan,
  };
  return jsonReply(200, answer);
}

const MAX_WORDS = 16;

/** A decimal id is the lower half of the trace's; lines with it are found by either. */
function traceOf(store: Store, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ids = idsOf(text, 'trace');
  return store.resolve(ids)?.traceId ?? ids.find((id) => id.length === 32) ?? ids[0]?.padStart(32, '0');
}

async function logs(store: Store, { query }: Call): Promise<Reply> {
  const words = (textOf(query, 'q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > MAX_WORDS) throw new HttpError(400, `q has at most ${MAX_WORDS} words`);
  const level = oneOf(query, 'level', LEVELS);
  const page = await store.logs({
    ...pageOf(query),
    ...rangeOf(query),
    traceId: traceOf(store, textOf(query, 'trace')),
    minLevel: level === undefined ? 1 : LEVELS.indexOf(level) + 1,
    words,
  });
  return pageReply('logs', page, store.counts('logs'), { withoutTrace: store.logsWithoutTrace() });
}

async function stats(store: Store, { query }: Call): Promise<Reply> {
  return pageReply('stats', await store.stats(pageOf(query)), store.counts('stats'));
}

/** Lists of what is no trace. `takeLogs` answers POST on the path of the logs. */
export function listRoutes(store: Store, takeLogs: (call: Call) => Promise<Reply>): readonly Route[] {
  const get = (template: string, handle: Route['handle']): Route => ({ template, methods: ['GET'], handle });
  return [
    get('/api/llm-spans', (call) => llmSpans(store, call)),
    get('/api/evaluations', (call) => evaluations(store, call)),
    get('/api/evaluations/summary', (call) => summaries(store, call)),
    {
      template: '/api/logs',
      methods: ['GET', 'POST'],
      area: (method) => (method === 'POST' ? 'intake' : 'ui'),
      handle: (call) => (call.request.method === 'POST' ? takeLogs(call) : logs(store, call)),
    },
    get('/api/stats', (call) => stats(store, call)),
  ];
}
