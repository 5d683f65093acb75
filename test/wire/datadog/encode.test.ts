import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '@msgpack/msgpack';
import type { EncodedBatch, PendingRecord } from '../../../src/contracts/delivery.ts';
import {
  type AgentAnswer,
  createDatadogEncoder,
  type DatadogEncoderOptions,
} from '../../../src/wire/datadog/encode.ts';
import { UnencodableRecordError } from '../../../src/wire/datadog/encode-error.ts';
import type { DatadogTarget } from '../../../src/wire/datadog/encode-target.ts';

const AGENT: DatadogTarget = { mode: 'agent', url: 'http://agent:8126/' };

const make = (target: DatadogTarget = AGENT, more: Partial<DatadogEncoderOptions> = {}) =>
  createDatadogEncoder({ target: () => target, agentUrl: () => 'http://agent:8126', ...more });

const record = (
  kind: PendingRecord['kind'],
  payload: string | Uint8Array,
  more: Partial<PendingRecord> = {},
) => ({
  kind,
  flags: kind === 'spans' ? 2 : 0,
  count: 1,
  timeMs: 0,
  preamble: kind === 'llmSpans' ? '{"v":"6.21.0"}' : '',
  payload: Buffer.from(payload as Uint8Array),
  ...more,
});

const trace = (name: string, headers: Record<string, string> = {}, path = '/v0.4/traces'): PendingRecord =>
  record('spans', encode([[{ name }]]), { preamble: JSON.stringify({ path, headers }) });

const llm = (text: string, more: Partial<PendingRecord> = {}): PendingRecord =>
  record('llmSpans', text, more);
const metric = (text: string): PendingRecord => record('evaluations', text);
const text = (batch: EncodedBatch): string => batch.body.toString('latin1');

test('LLM spans: one wrapper an event, its own tracer version, the scope behind the spans, ASCII only', () => {
  const batch = make().encode([
    llm('{"a":"ü🌱"}'),
    llm('{"b":1}', { flags: 1, preamble: '{"v":"6.20.0"}' }),
    llm('{"c":1}', { preamble: '' }),
  ]);
  const wrapped = (v: string, event: string): string =>
    `{"_dd.stage":"raw","_dd.tracer_version":"${v}","event_type":"span","spans":[${event}]`;
  assert.equal(
    text(batch),
    `[${wrapped('6.21.0', String.raw`{"a":"\u00fc\ud83c\udf31"}`)}},` +
      `${wrapped('6.20.0', '{"b":1}')},"_dd.scope":"experiments"},${wrapped('', '{"c":1}')}}]`,
  );
  assert.deepEqual([batch.records, batch.signals, batch.signalsPerRecord], [3, 3, [1, 1, 1]]);
});

test('destinations: through the Agent, straight to the intake, and to another origin', () => {
  const where = (target: DatadogTarget, one: PendingRecord): unknown[] => {
    const { origin, path, headers } = make(target).encode([one]);
    return [origin, path, headers['DD-API-KEY'] ?? headers['X-Datadog-EVP-Subdomain']];
  };
  const agentless: DatadogTarget = { mode: 'agentless', apiKey: 'k', site: 'datadoghq.eu' };
  assert.deepEqual(where(AGENT, llm('{}')), [
    'http://agent:8126',
    '/evp_proxy/v2/api/v2/llmobs',
    'llmobs-intake',
  ]);
  assert.deepEqual(where(AGENT, metric('{}')), [
    'http://agent:8126',
    '/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric',
    'api',
  ]);
  assert.deepEqual(where(agentless, llm('{}')), [
    'https://llmobs-intake.datadoghq.eu',
    '/api/v2/llmobs',
    'k',
  ]);
  assert.deepEqual(where(agentless, metric('{}')), [
    'https://api.datadoghq.eu',
    '/api/intake/llm-obs/v2/eval-metric',
    'k',
  ]);
  assert.deepEqual(where({ ...agentless, intakeUrl: 'https://proxy:1/x' }, llm('{}')).slice(0, 2), [
    'https://proxy:1',
    '/api/v2/llmobs',
  ]);
  assert.equal(
    where({ mode: 'agent', url: 'unix:///run/apm.socket' }, llm('{}'))[0],
    'unix:///run/apm.socket',
  );
  assert.equal(make(agentless).encode([trace('x')]).origin, 'http://agent:8126');
});

test('L13: an API key does not travel in clear text to another machine', () => {
  const keyTo = (intakeUrl: string): string | undefined =>
    make({ mode: 'agentless', apiKey: 'k', site: 's', intakeUrl }).encode([llm('{}')]).headers['DD-API-KEY'];
  assert.equal(keyTo('http://intake.example'), undefined);
  assert.equal(keyTo('http://127.example.com'), undefined);
  for (const url of [
    'https://intake.example',
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'http://localhost:1',
  ]) {
    assert.equal(keyTo(url), 'k', url);
  }
});

test('a rotated key is in the very next request', () => {
  let apiKey = 'old';
  const encoder = make(AGENT, { target: () => ({ mode: 'agentless', apiKey, site: 's' }) });
  assert.equal(encoder.encode([metric('{}')]).headers['DD-API-KEY'], 'old');
  apiKey = 'new';
  assert.equal(encoder.encode([metric('{}')]).headers['DD-API-KEY'], 'new');
});

test('a request holds 1000 events and no more', () => {
  const records = Array.from({ length: 1001 }, () => metric('{}'));
  assert.equal(make().encode(records.slice(1)).records, 1000);
  assert.equal(make().encode(records).records, 1000);
});

test('a body of JSON is bounded to the byte, after escaping; one larger event goes alone', () => {
  const head = '{"data":{"type":"evaluation_metric","attributes":{"metrics":[';
  const own = Buffer.byteLength(String.raw`{"a":"\u00fc"}`);
  const maxBytes = head.length + 2 * own + 1 + ']}}}'.length;
  const at = (limit: number): EncodedBatch =>
    make(AGENT, { limits: { json: { maxEvents: 9, maxBytes: limit } } }).encode(
      Array(3).fill(metric('{"a":"ü"}')),
    );
  assert.deepEqual([at(maxBytes).records, at(maxBytes).body.length], [2, maxBytes]);
  assert.equal(at(maxBytes - 1).records, 1);
  assert.equal(at(1).records, 1);
});

test('a body of traces is bounded to the byte; one larger record goes alone', () => {
  const one = trace('x');
  const maxBytes = 5 + 2 * (one.payload.length - 1);
  const at = (limit: number): EncodedBatch =>
    make(AGENT, { limits: { traces: { maxBytes: limit } } }).encode([one, one, one]);
  assert.deepEqual([at(maxBytes).records, at(maxBytes).body.length], [2, maxBytes]);
  assert.equal(at(maxBytes - 1).records, 1);
  assert.equal(at(1).records, 1);
});

test('traces merge only under the same path and headers; counting headers are summed', () => {
  const tracer = { 'Datadog-Meta-Lang': 'nodejs', 'Datadog-Entity-ID': 'in-1' };
  const dropped = (n: number): Record<string, string> => ({
    ...tracer,
    'Datadog-Client-Dropped-P0-Spans': String(n),
  });
  const batch = make().encode([
    trace('a', { ...dropped(2), 'X-Datadog-Trace-Count': '1' }),
    trace('b', { ...dropped(3), 'x-datadog-trace-count': '1' }),
    trace('c', { ...tracer, 'Datadog-Entity-ID': 'in-2' }),
  ]);
  assert.deepEqual(decode(batch.body), [[{ name: 'a' }], [{ name: 'b' }]]);
  assert.deepEqual(batch.headers, {
    ...tracer,
    'Content-Type': 'application/msgpack',
    'Datadog-Client-Dropped-P0-Spans': '5',
    'X-Datadog-Trace-Count': '2',
  });
  assert.equal(make().encode([trace('a'), trace('b', {}, '/v0.3/traces')]).records, 1);
});

test('headers of a connection or with a key never leave the journal', () => {
  const { headers } = make().encode([
    trace('a', {
      Host: 'old',
      'Content-Length': '9',
      Connection: 'close',
      'DD-API-KEY': 'k',
      'Datadog-X': '1',
    }),
  ]);
  assert.deepEqual(headers, {
    'Content-Type': 'application/msgpack',
    'Datadog-X': '1',
    'X-Datadog-Trace-Count': '1',
  });
});

test('LLM events keep the headers of their process and share a request only with the same', () => {
  const from = (id: string): PendingRecord =>
    llm('{}', { preamble: JSON.stringify({ v: '6', headers: { 'Datadog-Container-Id': id } }) });
  const batch = make().encode([from('a'), from('a'), from('b')]);
  assert.deepEqual([batch.records, batch.headers['Datadog-Container-Id']], [2, 'a']);
});

test('L4: a damaged record ends the batch before it, and throws alone', () => {
  const good = trace('a');
  const cut = { ...good, payload: good.payload.subarray(0, -1) };
  const cases: readonly [PendingRecord, PendingRecord][] = [
    [good, cut],
    [good, { ...good, flags: 0 }],
    [good, { ...good, preamble: '[]' }],
    [good, { ...good, preamble: '{' }],
    [metric('{}'), metric('{"cut')],
    [metric('{}'), metric('')],
    [llm('{}'), llm('{}', { preamble: '7' })],
  ];
  for (const [sound, damaged] of cases) {
    assert.equal(make().encode([sound, damaged]).records, 1);
    assert.throws(
      () => make().encode([damaged, sound]),
      (error) => {
        assert.ok(error instanceof UnencodableRecordError);
        return error.unencodable;
      },
    );
    assert.deepEqual(make().split(damaged).length, 1);
  }
  assert.throws(() => make().encode([]), RangeError);
});

test('the Agent’s sampling rates are reported, whatever else an answer says', () => {
  const answers: AgentAnswer[] = [];
  const encoder = make(AGENT, { onAnswer: (answer) => answers.push(answer) });
  for (const body of ['OK', '', '{}', '{"rate_by_service":', '{"rate_by_service":null}', '<html>']) {
    assert.deepEqual(encoder.answered?.(body), { rejected: 0 });
  }
  assert.deepEqual(answers, []);
  encoder.answered?.('{"rate_by_service":{"service:,env:":0.5,"bad":"x"}}');
  assert.deepEqual(answers, [{ rateByService: { 'service:,env:': 0.5 } }]);
  assert.doesNotThrow(() => make().answered?.('{"rate_by_service":{}}'));
});
