import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { readMsgpack } from '../../support/msgpack.ts';

/** An APM span as it arrived. */
export interface Span {
  readonly name: string;
  readonly resource: string;
  readonly service: string;
  readonly type: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly error: number;
  readonly tags: Readonly<Record<string, unknown>>;
  /** Datadog keeps the trace: the priority that came with its part is above 0. */
  readonly kept: boolean;
}

export interface LlmEvent {
  readonly name: string;
  readonly kind: string;
  readonly spanId: string;
  readonly apmTraceId: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface EvaluationMetric {
  readonly label: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Stands in for a Datadog Agent and writes down what it gets. It shares no code with what it judges. */
export interface Traffic {
  readonly url: string;
  readonly spans: () => readonly Span[];
  readonly llm: () => readonly LlmEvent[];
  readonly evaluations: () => readonly EvaluationMetric[];
  /** Bodies that could not be read. */
  readonly errors: () => readonly string[];
  named(name: string): readonly Span[];
  close(): Promise<void>;
}

type Fields = Readonly<Record<string, unknown>>;

const INFO = { version: '7.70.0', endpoints: ['/v0.4/traces', '/evp_proxy/v2/'] };
const MAX_ERRORS = 20;

export async function startTraffic(): Promise<Traffic> {
  const spans = new Map<string, Span>();
  const llm = new Map<string, LlmEvent>();
  const evaluations: EvaluationMetric[] = [];
  const errors: string[] = [];
  const sockets = new Set<Socket>();

  async function take(request: IncomingMessage): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const raw = Buffer.concat(parts);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    if (request.url?.endsWith('/v0.4/traces')) {
      for (const part of readMsgpack(body) as unknown as Fields[][]) takePart(part, spans);
    }
    if (request.url?.endsWith('/api/v2/llmobs')) {
      for (const batch of [JSON.parse(body.toString('utf8'))].flat() as { spans: Fields[] }[]) {
        for (const event of batch.spans) takeEvent(event, llm);
      }
    }
    if (request.url?.endsWith('/eval-metric')) {
      const { data } = JSON.parse(body.toString('utf8')) as {
        data: { attributes: { metrics: EvaluationMetric[] } };
      };
      for (const metric of data.attributes.metrics)
        evaluations.push({ ...metric, metadata: metric.metadata ?? {} });
    }
  }

  const server = createServer((request, response) => {
    take(request)
      .catch((error: unknown) => {
        if (errors.length < MAX_ERRORS) errors.push(`${request.url}: ${String(error)}`);
      })
      .finally(() => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(request.url === '/info' ? JSON.stringify(INFO) : '{"rate_by_service":{}}');
      });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => [...spans.values()],
    llm: () => [...llm.values()],
    evaluations: () => evaluations,
    errors: () => errors,
    named: (name) => [...spans.values()].filter((span) => span.name === name),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function takePart(part: readonly Fields[], spans: Map<string, Span>): void {
  const priority = part
    .map((span) => (span['metrics'] as Fields)['_sampling_priority_v1'])
    .find((value) => value !== undefined);
  for (const span of part) {
    const id = `${String(span['trace_id'])}/${String(span['span_id'])}`;
    spans.set(id, {
      name: String(span['name']),
      resource: String(span['resource']),
      service: String(span['service']),
      type: typeof span['type'] === 'string' ? span['type'] : '',
      traceId: String(span['trace_id']),
      spanId: String(span['span_id']),
      parentId: String(span['parent_id']),
      error: Number(span['error']),
      tags: { ...(span['meta'] as Fields), ...(span['metrics'] as Fields) },
      kept: Number(priority) > 0,
    });
  }
}

function takeEvent(event: Fields, llm: Map<string, LlmEvent>): void {
  const dd = event['_dd'] as Fields;
  const meta = event['meta'] as Fields;
  llm.set(`${String(event['trace_id'])}/${String(event['span_id'])}`, {
    name: String(event['name']),
    kind: String(meta['span.kind']),
    spanId: String(event['span_id']),
    apmTraceId: String(dd['apm_trace_id']),
    tags: event['tags'] as string[],
    metadata: (meta['metadata'] ?? {}) as Fields,
  });
}
