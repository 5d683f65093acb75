import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { readMsgpack } from '../../support/msgpack.ts';
import { answerBedrock } from './bedrock-server.ts';
import { answerOpenAi } from './openai-server.ts';
import { readOtlp, type OtlpSpan } from './otlp-reader.ts';

type Row = Readonly<Record<string, unknown>>;

/** An LLM Observability event, as the Agent gets it. */
export interface LlmEvent {
  readonly name: string;
  readonly span_id: string;
  readonly trace_id: string;
  readonly parent_id: string;
  readonly status: string;
  readonly meta: Row & { readonly 'span.kind'?: string; readonly model_name?: string };
  readonly metrics: Readonly<Record<string, number>>;
  readonly _dd: Readonly<Record<string, string>>;
}

export interface ApmSpan {
  readonly name: string;
  readonly resource: string;
  readonly trace_id: bigint | number;
  readonly span_id: bigint | number;
  readonly parent_id: bigint | number;
  readonly meta: Readonly<Record<string, string>>;
}

/** Everything that is on the other side: providers, the Datadog Agent and an OTLP receiver. */
export interface World {
  readonly url: string;
  readonly events: LlmEvent[];
  readonly apm: ApmSpan[];
  readonly otlp: OtlpSpan[];
  /** Headers of requests to `/v1/traces`. */
  readonly otlpHeaders: IncomingMessage['headers'][];
  /** Text of every body that came, unpacked, to receivers, not to providers. */
  readonly everything: () => string;
  readonly errors: unknown[];
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const texts: Buffer[] = [];
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      world.errors.push(error);
      response.destroy();
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const raw = Buffer.concat(parts);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const path = request.url ?? '/';
    if (path.startsWith('/openai/')) return answerOpenAi(response, body.toString());
    if (path.startsWith('/model/')) return answerBedrock(request, response);
    const json = (value: object): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    texts.push(body);
    if (path === '/info') {
      return json({ version: '7.70.0', endpoints: ['/v0.4/traces', '/v0.5/traces', '/evp_proxy/v2/'] });
    }
    if (path.endsWith('/v1/traces')) {
      world.otlp.push(...readOtlp(body));
      world.otlpHeaders.push(request.headers);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      return;
    }
    if (path.endsWith('/v0.4/traces'))
      world.apm.push(...(readMsgpack(body) as unknown as ApmSpan[][]).flat());
    if (path.endsWith('/api/v2/llmobs')) {
      for (const batch of [JSON.parse(body.toString()) as Row | Row[]].flat())
        world.events.push(...(batch['spans'] as LlmEvent[]));
    }
    json(path.endsWith('/traces') ? { rate_by_service: {} } : {});
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const world: World = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events: [],
    apm: [],
    otlp: [],
    otlpHeaders: [],
    everything: () => Buffer.concat(texts).toString('latin1'),
    errors: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return world;
}
