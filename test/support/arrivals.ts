import { gunzipSync, inflateSync } from 'node:zlib';
import { readMsgpack, type MsgpackValue } from './msgpack.ts';

/** What arrived of one kind: how many different ones, and how many came again. */
export interface ArrivalCount {
  readonly unique: number;
  readonly duplicates: number;
}

export type ArrivalCounts = Readonly<Record<'spans' | 'llmSpans' | 'evaluations', ArrivalCount>>;

export interface Arrivals {
  counts(): ArrivalCounts;
  /** How many of the unique APM spans have this name and, if given, resource. */
  spansNamed(name: string, resource?: string): number;
  /** Bodies that could not be read, at most the first 20. */
  errors(): readonly string[];
  record(path: string, contentType: string | undefined, encoding: string | undefined, body: Buffer): void;
  countError(message: string): void;
  /** Forgets everything: the next drill begins at nothing. */
  reset(): void;
}

const MAX_ERRORS = 20;

type Row = Readonly<Record<string, unknown>>;

/** Reads what the Datadog Agent's protocol carries and counts by identity. */
export function createArrivals(): Arrivals {
  const seen = { spans: new Set<string>(), llmSpans: new Set<string>(), evaluations: new Set<string>() };
  const duplicates = { spans: 0, llmSpans: 0, evaluations: 0 };
  const names = new Map<string, number>();
  let errors: string[] = [];

  function add(kind: keyof typeof seen, id: string): boolean {
    if (seen[kind].has(id)) {
      duplicates[kind] += 1;
      return false;
    }
    seen[kind].add(id);
    return true;
  }

  function addSpan(traceId: unknown, spanId: unknown, name: unknown, resource: unknown): void {
    if (!add('spans', `${identity(traceId)}/${identity(spanId)}`)) return;
    for (const key of [String(name), `${String(name)}\n${String(resource)}`]) {
      names.set(key, (names.get(key) ?? 0) + 1);
    }
  }

  function addTraces(path: string, contentType: string | undefined, body: Buffer): void {
    const isJson = contentType?.includes('json') === true;
    const payload = isJson ? (JSON.parse(body.toString('utf8')) as unknown) : readMsgpack(body);
    if (path.includes('/v0.5/')) {
      const [strings, traces] = payload as [string[], MsgpackValue[][][]];
      // v0.5 rows: service, name, resource (indexes of strings), trace id, span id, ...
      for (const span of traces.flat()) {
        addSpan(span[3], span[4], strings[Number(span[1])], strings[Number(span[2])]);
      }
      return;
    }
    for (const span of (payload as Row[][]).flat()) {
      addSpan(span['trace_id'], span['span_id'], span['name'], span['resource']);
    }
  }

  function addLlmSpans(body: Buffer): void {
    const payload = JSON.parse(body.toString('utf8')) as Row | Row[];
    for (const event of [payload].flat()) {
      for (const span of event['spans'] as Row[]) {
        add('llmSpans', `${identity(span['trace_id'])}/${identity(span['span_id'])}`);
      }
    }
  }

  function addEvaluations(body: Buffer): void {
    const payload = JSON.parse(body.toString('utf8')) as { data: { attributes: { metrics: Row[] } } };
    for (const metric of payload.data.attributes.metrics) add('evaluations', evaluationIdentity(metric));
  }

  return {
    counts: () => ({
      spans: { unique: seen.spans.size, duplicates: duplicates.spans },
      llmSpans: { unique: seen.llmSpans.size, duplicates: duplicates.llmSpans },
      evaluations: { unique: seen.evaluations.size, duplicates: duplicates.evaluations },
    }),
    spansNamed: (name, resource) => names.get(resource === undefined ? name : `${name}\n${resource}`) ?? 0,
    errors: () => errors,
    record(path, contentType, encoding, body) {
      const plain = decoded(encoding, body);
      if (/\/v0\.\d\/traces$/.test(path)) addTraces(path, contentType, plain);
      else if (path.endsWith('/api/v2/llmobs')) addLlmSpans(plain);
      else if (path.endsWith('/eval-metric')) addEvaluations(plain);
    },
    countError(message) {
      if (errors.length < MAX_ERRORS) errors.push(message);
    },
    reset() {
      for (const set of Object.values(seen)) set.clear();
      names.clear();
      errors = [];
      Object.assign(duplicates, { spans: 0, llmSpans: 0, evaluations: 0 });
    },
  };
}

function decoded(encoding: string | undefined, body: Buffer): Buffer {
  if (encoding === 'gzip') return gunzipSync(body);
  if (encoding === 'deflate') return inflateSync(body);
  return body;
}

/** Throws when it is no id: an id that cannot be read must not be counted as one more, or one less. */
function identity(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number')
    return String(value);
  throw new TypeError(`not an id: ${typeof value}`);
}

/** An evaluation carries no id on the wire: it is what it says about which span, and when. */
function evaluationIdentity(metric: Row): string {
  const value =
    metric['score_value'] ?? metric['categorical_value'] ?? metric['boolean_value'] ?? metric['json_value'];
  return JSON.stringify([metric['join_on'], metric['label'], metric['timestamp_ms'], value]);
}
