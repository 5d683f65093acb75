import assert from 'node:assert/strict';
import { request, type IncomingHttpHeaders } from 'node:http';
import type { TestContext } from 'node:test';
import { encode } from '@msgpack/msgpack';
import type { KindCounts, WorkbenchLedger } from '../../src/workbench/store/store.ts';
import { startWorkbench, type Workbench, type WorkbenchOptions } from '../../src/workbench/workbench.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): unknown;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string;
}

const TIMEOUT_MS = 10_000;

/** A plain HTTP request, because fetch does not let tests set Host and Origin. */
export function ask(url: string, path: string, { method, headers, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(`${url.replace(/\/$/, '')}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: (headers ?? {}) as Record<string, string>,
      agent: false,
      timeout: TIMEOUT_MS,
    });
    req.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          json: () => JSON.parse(whole.toString()) as unknown,
        });
      });
    });
    req.on('timeout', () => req.destroy(new Error('no answer in time')));
    req.on('error', reject);
    req.end(body);
  });
}

/** A workbench that ends with the test. */
export async function workbench(t: TestContext, options: WorkbenchOptions = {}): Promise<Workbench> {
  const bench = await startWorkbench(options);
  t.after(() => bench.close());
  return bench;
}

let next = 0;
/** A msgpack payload of `count` spans in one trace of its own. */
export function tracePayload(count: number, over: Record<string, unknown> = {}): Uint8Array {
  next += 1;
  const traceId = next;
  const spans = Array.from({ length: count }, (_, i) => ({
    trace_id: traceId,
    span_id: i + 1,
    parent_id: i === 0 ? 0 : 1,
    service: 'svc',
    name: `op${i}`,
    resource: 'res',
    type: 'web',
    start: 1_763_800_000_000_000_000n,
    duration: 1_000_000n,
    error: 0,
    meta: { k: 'v' },
    metrics: {},
    ...over,
  }));
  return encode([spans], { useBigInt64: true });
}

export const llmPayload = (count: number): string =>
  JSON.stringify([
    {
      spans: Array.from({ length: count }, (_, i) => ({
        trace_id: 'c'.repeat(32),
        span_id: String(i + 1),
        parent_id: 'undefined',
        name: 'chat',
        start_ns: 1.7638e18,
        duration: 1e6,
        status: 'ok',
        meta: { 'span.kind': 'llm', input: { value: '<b>hi</b>' } },
        _dd: { apm_trace_id: 'd'.repeat(32) },
      })),
    },
  ]);

export const evaluationPayload = (count: number): string =>
  JSON.stringify({
    data: {
      type: 'evaluation_metric',
      attributes: {
        metrics: Array.from({ length: count }, () => ({
          label: 'ok',
          metric_type: 'score',
          score_value: 1,
          ml_app: 'x',
          timestamp_ms: 5,
          join_on: { span: { trace_id: 't', span_id: 's' } },
        })),
      },
    },
  });

export const counts = (over: Partial<KindCounts> = {}): KindCounts => ({
  received: 0,
  stored: 0,
  evicted: 0,
  rejected: 0,
  duplicates: 0,
  ...over,
});

/** The law of the workbench's ledger. */
export function assertBalanced(ledger: WorkbenchLedger): void {
  for (const [kind, { received, stored, evicted, rejected, duplicates }] of Object.entries(ledger)) {
    assert.equal(received, stored + evicted + rejected + duplicates, kind);
  }
}
