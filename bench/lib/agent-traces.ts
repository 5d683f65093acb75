import { Agent, request } from 'node:http';
import { encode } from '@msgpack/msgpack';

const SPANS_A_TRACE = 10;
const TEXT = 'x'.repeat(100);
/** Odd, so that ids stay different and look as random as a tracer's. */
const SPREAD = 0x9e37_79b9_7f4a_7c15n;

const idOf = (n: number): bigint => BigInt.asUintN(63, (BigInt(n) + 1n) * SPREAD) | 1n;

/** A v0.4 payload of `spans` spans, ten to a trace, with eight tags each; the `index`-th of its kind. */
export function agentPayload(index: number, spans: number): Uint8Array {
  const first = index * spans;
  const span = (n: number, place: number): object => ({
    trace_id: idOf(Math.floor(n / SPANS_A_TRACE)),
    span_id: idOf(n),
    parent_id: place === 0 ? 0n : idOf(n - place),
    service: `service-${n % 5}`,
    name: `operation.${place}`,
    resource: `GET /resource/${n % 50}`,
    type: 'web',
    start: 1_763_800_000_000_000_000n + BigInt(n) * 100_000n,
    duration: BigInt(1_000_000 + ((n * 7919) % 1000) * 100_000),
    error: n % 500 === 3 ? 1 : 0,
    meta: {
      'http.method': 'GET',
      'http.url': `http://host/path/${n % 100}`,
      env: 'bench',
      'user.id': `user-${n % 1000}`,
      component: 'http',
      version: '1.2.3',
      language: 'javascript',
      text: TEXT,
    },
    metrics: { _sampling_priority_v1: 1, process_id: 1234 },
  });
  const traces = Array.from({ length: spans / SPANS_A_TRACE }, (_, t) =>
    Array.from({ length: SPANS_A_TRACE }, (__, k) => span(first + t * SPANS_A_TRACE + k, k)),
  );
  return encode(traces, { useBigInt64: true });
}

const agent = new Agent({ keepAlive: true });

/** Sends one payload as a tracer does, and resolves when it is answered. */
export function sendTraces(url: string, body: Uint8Array, spans: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/v0.4/traces`,
      {
        agent,
        method: 'PUT',
        headers: {
          'content-type': 'application/msgpack',
          'content-length': String(body.length),
          'x-datadog-trace-count': String(spans / SPANS_A_TRACE),
          'datadog-meta-tracer-version': '6.21.0',
          'datadog-meta-lang': 'nodejs',
        },
      },
      (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
