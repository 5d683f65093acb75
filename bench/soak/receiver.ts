// Stands in for the Datadog Agent and counts, by its own reading of the bytes: how many spans came, and how many
// different ones, by the number `n` that each carries. Argument: how many there will be. Says its URL to the parent,
// then answers 'counts'.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SoakCounts {
  readonly spans: number;
  /** Spans whose number came for the first time. */
  readonly different: number;
  readonly llmSpans: number;
  readonly evaluations: number;
  readonly requests: number;
}

const seen = new Uint8Array(Math.ceil((Number(process.argv[2]) + 1) / 8));
const counts = { spans: 0, different: 0, llmSpans: 0, evaluations: 0, requests: 0 };
const LLM = Buffer.from('"event_type":"span"');
const METRIC = Buffer.from('"join_on"');

/** Where the value at `at` ends. */
function after(bytes: Buffer, at: number): number {
  const head = bytes[at]!;
  if (head < 0x80 || head >= 0xe0) return at + 1;
  if (head < 0x90) return afterAll(bytes, at + 1, 2 * (head & 0x0f));
  if (head < 0xa0) return afterAll(bytes, at + 1, head & 0x0f);
  if (head < 0xc0) return at + 1 + (head & 0x1f);
  switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return at + 1;
    case 0xc4:
    case 0xd9:
      return at + 2 + bytes[at + 1]!;
    case 0xc5:
    case 0xda:
      return at + 3 + bytes.readUInt16BE(at + 1);
    case 0xc6:
    case 0xdb:
      return at + 5 + bytes.readUInt32BE(at + 1);
    case 0xcc:
    case 0xd0:
      return at + 2;
    case 0xcd:
    case 0xd1:
      return at + 3;
    case 0xca:
    case 0xce:
    case 0xd2:
      return at + 5;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return at + 9;
    case 0xdc:
      return afterAll(bytes, at + 3, bytes.readUInt16BE(at + 1));
    case 0xdd:
      return afterAll(bytes, at + 5, bytes.readUInt32BE(at + 1));
    case 0xde:
      return afterAll(bytes, at + 3, 2 * bytes.readUInt16BE(at + 1));
    case 0xdf:
      return afterAll(bytes, at + 5, 2 * bytes.readUInt32BE(at + 1));
    default:
      throw new RangeError(`no value of a trace payload begins with 0x${head.toString(16)}`);
  }
}

function afterAll(bytes: Buffer, from: number, count: number): number {
  let next = from;
  for (let i = 0; i < count; i += 1) next = after(bytes, next);
  return next;
}

interface Opened {
  readonly count: number;
  readonly inside: number;
}

/** An array or a map, whatever the width of its header. */
function open(bytes: Buffer, at: number): Opened {
  const head = bytes[at]!;
  if (head >= 0x80 && head < 0xa0) return { count: head & 0x0f, inside: at + 1 };
  if (head === 0xdc || head === 0xde) return { count: bytes.readUInt16BE(at + 1), inside: at + 3 };
  if (head === 0xdd || head === 0xdf) return { count: bytes.readUInt32BE(at + 1), inside: at + 5 };
  throw new RangeError(`neither array nor map: 0x${head.toString(16)}`);
}

function takeTraces(bytes: Buffer): void {
  const traces = open(bytes, 0);
  let at = traces.inside;
  for (let trace = 0; trace < traces.count; trace += 1) {
    const spans = open(bytes, at);
    at = spans.inside;
    for (let span = 0; span < spans.count; span += 1) at = takeSpan(bytes, at);
  }
  if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes left over`);
}

function takeSpan(bytes: Buffer, from: number): number {
  counts.spans += 1;
  const fields = open(bytes, from);
  let at = fields.inside;
  for (let field = 0; field < fields.count; field += 1) {
    const value = after(bytes, at);
    if (isText(bytes, at, 'metrics')) noteNumber(bytes, value);
    at = after(bytes, value);
  }
  return at;
}

function noteNumber(bytes: Buffer, from: number): void {
  const metrics = open(bytes, from);
  let at = metrics.inside;
  for (let metric = 0; metric < metrics.count; metric += 1) {
    const value = after(bytes, at);
    if (isText(bytes, at, 'n')) {
      const n = numberAt(bytes, value);
      const bit = 1 << (n & 7);
      if ((seen[n >> 3]! & bit) === 0) counts.different += 1;
      seen[n >> 3]! |= bit;
    }
    at = after(bytes, value);
  }
}

/** Short texts only: keys. */
function isText(bytes: Buffer, at: number, text: string): boolean {
  const head = bytes[at]!;
  const start = head === 0xd9 ? at + 2 : head === 0xda ? at + 3 : head === 0xdb ? at + 5 : at + 1;
  if (after(bytes, at) - start !== text.length) return false;
  for (let i = 0; i < text.length; i += 1) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

function numberAt(bytes: Buffer, at: number): number {
  const head = bytes[at]!;
  if (head < 0x80) return head;
  if (head === 0xcc) return bytes[at + 1]!;
  if (head === 0xcd) return bytes.readUInt16BE(at + 1);
  if (head === 0xce) return bytes.readUInt32BE(at + 1);
  if (head === 0xcb) return bytes.readDoubleBE(at + 1);
  throw new RangeError(`no number of ours begins with 0x${head.toString(16)}`);
}

function occurrences(bytes: Buffer, text: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) count += 1;
  return count;
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    const path = request.url ?? '';
    if (path.endsWith('/traces')) takeTraces(body);
    else if (path.endsWith('/llmobs')) counts.llmSpans += occurrences(body, LLM);
    else if (path.endsWith('/eval-metric')) counts.evaluations += occurrences(body, METRIC);
    counts.requests += 1;
    response.setHeader('content-type', 'application/json').end('{"rate_by_service":{}}');
  });
});
server.listen(0, '127.0.0.1', () =>
  process.send!({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
process.on('message', () => process.send!(counts));
process.on('disconnect', () => process.exit());
