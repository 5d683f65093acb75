import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ENDPOINTS, resolveEndpoints, type OtlpEndpoint } from '../../src/pipeline/otlp/endpoints.ts';

const NONE = {
  otlpEndpoint: undefined,
  otlpTracesEndpoint: undefined,
  otlpHeaders: undefined,
  otlpTracesHeaders: undefined,
  otlpCompression: 'none',
} as const;
const one = (endpoint: OtlpEndpoint, settings: Partial<Parameters<typeof resolveEndpoints>[1]> = {}) =>
  resolveEndpoints([endpoint], { ...NONE, ...settings })[0]!;

test('a base URL gets /v1/traces and /v1/logs, once', () => {
  for (const [base, traces] of [
    ['http://collector:4318', 'http://collector:4318/v1/traces'],
    ['http://collector:4318/', 'http://collector:4318/v1/traces'],
    ['https://cloud.example/api/public/otel', 'https://cloud.example/api/public/otel/v1/traces'],
    ['http://collector:4318/v1/traces', 'http://collector:4318/v1/traces'],
    ['http://collector:4318/v1/traces/', 'http://collector:4318/v1/traces'],
    ['http://collector:4318/otlp?tenant=a', 'http://collector:4318/otlp/v1/traces?tenant=a'],
  ] as const) {
    const { tracesUrl, logsUrl } = one({ endpoint: base });
    assert.equal(tracesUrl, traces);
    assert.equal(logsUrl, traces.replace('v1/traces', 'v1/logs'));
  }
});

test('what the application does not say, the environment does; then the default of OpenTelemetry', () => {
  assert.equal(one({}).tracesUrl, 'http://localhost:4318/v1/traces');
  assert.equal(one({}, { otlpEndpoint: 'http://a:1' }).tracesUrl, 'http://a:1/v1/traces');
  const exact = one({}, { otlpEndpoint: 'http://a:1', otlpTracesEndpoint: 'http://b:2/custom' });
  assert.equal(exact.tracesUrl, 'http://b:2/custom');
  assert.equal(
    one({ endpoint: 'http://c:3' }, { otlpTracesEndpoint: 'http://b:2/custom' }).tracesUrl,
    'http://c:3/v1/traces',
  );
  assert.equal(one({}, { otlpCompression: 'gzip' }).compression, 'gzip');
  assert.equal(one({ compression: 'none' }, { otlpCompression: 'gzip' }).compression, 'none');
});

test("headers of the environment are for its own receiver: another's gets no keys of it", () => {
  const settings = { otlpHeaders: 'api-key=s%20cret,b=2=3', otlpEndpoint: 'http://a:1' };
  assert.deepEqual(one({}, settings).headers, { 'api-key': 's cret', b: '2=3' });
  assert.deepEqual(one({}, { ...settings, otlpTracesHeaders: 'x=100%' }).headers, { x: '100%' });
  assert.deepEqual(one({ endpoint: 'http://other:1' }, settings).headers, {});
  assert.deepEqual(one({ endpoint: 'http://other:1', headers: { k: 'v' } }, settings).headers, { k: 'v' });
});

test('names of folders: from the address without credentials, told apart, bounded', () => {
  assert.equal(
    one({ endpoint: 'https://user:pass@host.example:443/otel?key=secret' }).name,
    'host-example-otel',
  );
  assert.equal(one({ endpoint: 'http://host:1', name: '../../etc' }).name, 'etc');
  const long = one({ endpoint: `http://${'a'.repeat(60)}.example/${'b'.repeat(60)}` }).name;
  assert.ok(long.length <= 60, long);
  assert.deepEqual(
    resolveEndpoints(
      [{ endpoint: 'http://a:1' }, { endpoint: 'http://a:1', headers: { project: 'two' } }],
      NONE,
    ).map(({ name }) => name),
    ['a-1', 'a-1-2'],
  );
});

test('what is no address is refused; so are too many', () => {
  for (const endpoint of ['collector:4318', 'ftp://a', '', 'http://'])
    assert.throws(() => one({ endpoint }), TypeError, endpoint);
  const many = (n: number) =>
    resolveEndpoints(
      Array.from({ length: n }, (_, i) => ({ endpoint: `http://a:${i + 1}` })),
      NONE,
    );
  assert.equal(many(MAX_ENDPOINTS).length, MAX_ENDPOINTS);
  assert.throws(() => many(MAX_ENDPOINTS + 1), TypeError);
});
