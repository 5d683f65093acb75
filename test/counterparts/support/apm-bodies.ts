import assert from 'node:assert/strict';
import type { KeptRequest } from '../../../scripts/counterparts/apm-test-agent.ts';
import { readMsgpack } from '../../support/msgpack.ts';

export type Body = Pick<KeptRequest, 'path' | 'body'>;

/** What came, each kind in its order, without the boundaries between requests: those are nobody's promise. */
export interface Contents {
  /** Traces as they are encoded, one after the other. */
  readonly traces: Buffer;
  readonly traceCount: number;
  /** LLM spans in their envelopes, as text. */
  readonly llmSpans: string;
  readonly evaluations: string;
}

const SPANS = /^\[(.*)\]$/s;
const METRICS = /^\{"data":\{"type":"evaluation_metric","attributes":\{"metrics":\[(.*)\]\}\}\}$/s;

export function contentsOf(bodies: readonly Body[]): Contents {
  const traces: Buffer[] = [];
  const llmSpans: string[] = [];
  const evaluations: string[] = [];
  let traceCount = 0;
  for (const { path, body } of bodies) {
    if (path.endsWith('/v0.4/traces')) {
      const { count, headerBytes } = outerArray(body);
      traceCount += count;
      traces.push(body.subarray(headerBytes));
    } else if (path.endsWith('/llmobs')) llmSpans.push(inner(body, SPANS));
    else if (path.endsWith('/eval-metric')) evaluations.push(inner(body, METRICS));
  }
  return {
    traces: Buffer.concat(traces),
    traceCount,
    llmSpans: llmSpans.join(),
    evaluations: evaluations.join(),
  };
}

/** A trace as it stands in a payload. */
export interface TraceBytes {
  readonly bytes: Buffer;
  readonly spans: readonly { readonly name: string; readonly error: number }[];
}

/** All traces that came, in their order. */
export function tracesOf(bodies: readonly Body[]): TraceBytes[] {
  return bodies
    .filter(({ path }) => path.endsWith('/v0.4/traces'))
    .flatMap(({ body }) => {
      const { count, headerBytes } = outerArray(body);
      const traces: TraceBytes[] = [];
      let start = headerBytes;
      for (let i = 0; i < count; i += 1) {
        const end = afterMsgpack(body, start);
        const bytes = body.subarray(start, end);
        traces.push({ bytes, spans: readMsgpack(bytes) as unknown as TraceBytes['spans'] });
        start = end;
      }
      return traces;
    });
}

/** Where the value at `at` ends: by the format's own table of lengths. */
function afterMsgpack(bytes: Buffer, at: number): number {
  const head = bytes[at]!;
  const values = (from: number, count: number): number => {
    let next = from;
    for (let i = 0; i < count; i += 1) next = afterMsgpack(bytes, next);
    return next;
  };
  if (head < 0x80 || head >= 0xe0) return at + 1;
  if (head < 0x90) return values(at + 1, 2 * (head & 0x0f));
  if (head < 0xa0) return values(at + 1, head & 0x0f);
  if (head < 0xc0) return at + 1 + (head & 0x1f);
  if (head >= 0xdc) {
    const wide = (head & 1) === 1;
    const count = wide ? bytes.readUInt32BE(at + 1) : bytes.readUInt16BE(at + 1);
    return values(at + (wide ? 5 : 3), head >= 0xde ? 2 * count : count);
  }
  if (head >= 0xd9 || (head >= 0xc4 && head <= 0xc6)) {
    const lengthBytes = 1 << (head >= 0xd9 ? head - 0xd9 : head - 0xc4);
    return at + 1 + lengthBytes + bytes.readUIntBE(at + 1, lengthBytes);
  }
  // nil, false, true; floats; unsigned and signed integers.
  const fixed: Readonly<Record<number, number>> = { 0xc0: 0, 0xc2: 0, 0xc3: 0, 0xca: 4, 0xcb: 8 };
  const size = fixed[head] ?? (head >= 0xcc && head <= 0xd3 ? 1 << ((head - 0xcc) & 3) : undefined);
  assert.ok(size !== undefined, `no length is known of 0x${head.toString(16)}`);
  return at + 1 + size;
}

function outerArray(body: Buffer): { readonly count: number; readonly headerBytes: number } {
  const first = body[0]!;
  if (first === 0xdd) return { count: body.readUInt32BE(1), headerBytes: 5 };
  if (first === 0xdc) return { count: body.readUInt16BE(1), headerBytes: 3 };
  assert.equal(first & 0xf0, 0x90, 'a trace payload is an array');
  return { count: first & 0x0f, headerBytes: 1 };
}

function inner(body: Buffer, envelope: RegExp): string {
  const match = envelope.exec(body.toString('latin1'));
  assert.ok(match !== null, `not the envelope dd-trace sends: ${body.toString('latin1', 0, 200)}`);
  return match[1]!;
}
