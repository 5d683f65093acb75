import { gzipSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { traceRequest } from '../wire/otlp/fixture.ts';
import { evaluationPayload, llmPayload, tracePayload } from './support.ts';

export interface FuzzRequest {
  readonly port: 'datadog' | 'otlp';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const text = (value: string): Uint8Array => Buffer.from(value);
const log = '{"level":30,"msg":"hi","trace_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}\n';
const otlpLogs =
  '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9,"body":{"stringValue":"x"},"attributes":[{"key":"a","value":{"intValue":"5"}}]}]}]}]}';
const stats = encode(
  { Stats: [{ Start: 1n, Stats: [{ Service: 's', Hits: 3, Duration: 5n }] }] },
  { useBigInt64: true },
);
const v05 = encode([['', 's', 'n'], [[[1, 2, 0, 9, 9, 0, 5, 5, 0, {}, {}, 0]]]]);
const item =
  '{"kind":"log","row":{"timeUs":1,"level":3,"service":"s","message":"m","traceId":"","spanId":"","source":"json","attributes":"{}"}}\n';

/** A good body for every route that takes one. */
const SEEDS: readonly (readonly [FuzzRequest['port'], string, string, Uint8Array])[] = [
  ['datadog', '/v0.3/traces', 'application/msgpack', tracePayload(3)],
  ['datadog', '/v0.4/traces', 'application/msgpack', tracePayload(3)],
  [
    'datadog',
    '/v0.4/traces',
    'application/json',
    text('[[{"trace_id":1,"span_id":2,"name":"n","start":1,"duration":1}]]'),
  ],
  ['datadog', '/v0.5/traces', 'application/msgpack', v05],
  ['datadog', '/v0.6/stats', 'application/msgpack', stats],
  ['datadog', '/api/v2/llmobs', 'application/json', text(llmPayload(2))],
  ['datadog', '/evp_proxy/v2/api/v2/llmobs', 'application/json', text(llmPayload(1))],
  ['datadog', '/api/intake/llm-obs/v2/eval-metric', 'application/json', text(evaluationPayload(2))],
  [
    'datadog',
    '/evp_proxy/v4/api/intake/llm-obs/v1/eval-metric',
    'application/json',
    text(evaluationPayload(1)),
  ],
  ['datadog', '/api/v2/logs', 'application/json', text(`[${log.trim()}]`)],
  ['datadog', '/v1/input', 'application/json', text(log)],
  ['datadog', '/api/logs', 'application/x-ndjson', text(log + log)],
  ['datadog', '/api/import', 'application/x-ndjson', text(item)],
  ['datadog', '/telemetry/proxy/api/v2/apmtelemetry', 'application/json', text('{}')],
  ['datadog', '/v0.7/config', 'application/json', text('{}')],
  ['otlp', '/v1/traces', 'application/x-protobuf', traceRequest()],
  [
    'otlp',
    '/v1/traces',
    'application/json',
    text('{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a","name":"b"}]}]}]}'),
  ],
  ['otlp', '/v1/logs', 'application/json', text(otlpLogs)],
  ['otlp', '/v1/logs', 'application/x-protobuf', traceRequest()],
];

/** Paths that only read, with parameters to break. */
const READS: readonly string[] = [
  '/api/traces?q=',
  '/api/traces?sort=',
  '/api/traces?cursor=',
  '/api/traces/',
  '/api/resolve?id=',
  '/api/llm-spans?from=',
  '/api/evaluations?decision=',
  '/api/evaluations/summary?label=',
  '/api/logs?q=',
  '/api/logs?trace=',
  '/api/stats?limit=',
  '/api/export?trace=',
];

const NASTY = [
  '"',
  '\\',
  '{',
  '[',
  '%00',
  '%',
  '-',
  ':',
  "'",
  ';--',
  '\u{1F600}',
  '0x',
  '9'.repeat(40),
  'tag.:',
  '>',
];

function mutate(seed: Uint8Array, random: () => number): Uint8Array {
  const bytes = Buffer.from(seed);
  const at = (): number => Math.floor(random() * Math.max(1, bytes.length));
  const kind = Math.floor(random() * 9);
  switch (kind) {
    case 0:
      return bytes.subarray(0, at());
    case 1:
      return Buffer.concat([bytes, Buffer.from([Math.floor(random() * 256)])]);
    case 2:
      return Buffer.from(Array.from({ length: Math.floor(random() * 64) }, () => Math.floor(random() * 256)));
    case 3: {
      const from = at();
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + Math.floor(random() * 8))]);
    }
    case 4: {
      const from = at();
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(0, at()), bytes.subarray(from)]);
    }
    case 5:
      return Buffer.alloc(
        200,
        ['[', '{"a":', '\x91', '\x81\xa1a', '\x0a\x7f'][Math.floor(random() * 5)],
        'latin1',
      );
    default: {
      const flips = 1 + Math.floor(random() * 6);
      for (let i = 0; i < flips && bytes.length > 0; i += 1) {
        // Lengths are where parsers believe what they are told.
        bytes[at()] = random() < 0.3 ? 0xff : Math.floor(random() * 256);
      }
      return bytes;
    }
  }
}

/** The next request of a fuzzer: a good one with something broken in its body, its headers or its address. */
export function fuzzRequest(random: () => number): FuzzRequest {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  if (random() < 0.1) {
    const junk = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(NASTY)).join('');
    return {
      port: 'datadog',
      method: 'GET',
      path: pick(READS) + encodeURI(junk),
      headers: {},
      body: Buffer.alloc(0),
    };
  }
  const [port, path, type, seed] = pick(SEEDS);
  let body = mutate(seed, random);
  const headers: Record<string, string> = {
    'content-type': random() < 0.05 ? pick(['text/plain', 'x', 'application/json; charset=x']) : type,
  };
  const how = random();
  if (how < 0.06) {
    headers['content-encoding'] = 'gzip';
    body = random() < 0.5 ? mutate(gzipSync(body), random) : gzipSync(body);
  } else if (how < 0.08) headers['content-encoding'] = pick(['br', 'deflate', 'gzip, gzip', 'zstd']);
  if (random() < 0.03) headers['x-keepspan-batch'] = pick(['', 'a b', 'k'.repeat(257), 'same']);
  if (random() < 0.03) headers['origin'] = pick(['null', 'http://evil.example', '::']);
  return { port, method: random() < 0.9 ? 'POST' : pick(['PUT', 'DELETE', 'PATCH']), path, headers, body };
}
