import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSite, recordsOf } from '../e2e/support/site.ts';

const SECRETS = {
  DD_API_KEY: 'secret-api-key-0123456789abcdef',
  KEEPSPAN_JOURNAL_KEY: 'a'.repeat(64),
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret-otlp-header',
} as const;

it('the start-up record says what was found, on one line, without secrets', async (t) => {
  const site = await createSite(t);
  const withUser = site.agent.url.replace('http://', 'http://user:secret-password@');
  const env = {
    ...SECRETS,
    DD_TRACE_AGENT_URL: withUser,
    DD_VERSION: '1.2.3',
    KEEPSPAN_ENV: 'staging',
    KEEPSPAN_CAPTURE_CONTENT: 'none',
  };
  const { code, stderr } = await site.run('../../api/fixtures/state.mjs', [], { env });
  assert.equal(code, 0, stderr);
  for (const secret of [...Object.values(SECRETS), 'secret-password', 'secret-otlp-header']) {
    assert.ok(!stderr.includes(secret), secret);
  }
  const [record, ...others] = recordsOf(stderr, 'observability_initialized');
  assert.deepEqual(others, []);
  const { time, versions, journal, upstream, ...rest } = record! as Record<string, unknown> & {
    readonly versions: Readonly<Record<string, string>>;
    readonly journal: Readonly<Record<string, unknown>>;
    readonly upstream: Readonly<Record<string, string>>;
  };
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  const expected = {
    level: 'info',
    msg: 'observability_initialized',
    ddtrace: true,
    openllmetry: false,
    agentless: false,
    service: 'e2e',
    ml_app: 'e2e',
    env: 'test',
    version: '1.2.3',
    stack: 'datadog',
    profile: 'staging',
    custody: 'full',
    seams: { spans: 'http-request', llmSpans: 'llm-writer', evaluations: 'journal-api' },
    capture_content: 'none',
    delivery: 'worker',
    thread: 'main',
  };
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(rest[key], value, key);
  assert.equal(rest['degraded'], undefined);
  assert.deepEqual(Object.keys(versions).sort(), ['dd-trace', 'keepspan', 'node']);
  assert.equal(versions['node'], process.version);
  assert.deepEqual(
    [journal['directory'], typeof journal['lifetime'], journal['maxBytes'], journal['sync']],
    [site.journal, 'string', 512 * 1024 * 1024, 'none'],
  );
  for (const url of Object.values(upstream)) assert.equal(new URL(url).origin, site.agent.url);
});

for (const [end, fixture] of [
  ['by itself', '../../api/fixtures/state.mjs'],
  ['in the tick of its start', '../../api/fixtures/last-tick.mjs'],
] as const) {
  it(`slips in names and contradictions are said once, also by a process that ends ${end}`, async (t) => {
    const site = await createSite(t);
    const env = { DD_SERVCE: 'orders', DD_SITE: 'datadoghq.example', KEEPSPAN_DRAIN_DELAY_MS: 'soon' };
    const { code, stderr } = await site.run(fixture, [], { env });
    assert.equal(code, 0, stderr);
    const said = stderr.split('\n').flatMap((line) => /"code":"(KS-SETTINGS-\d+)"/.exec(line)?.[1] ?? []);
    assert.deepEqual(said.toSorted(), ['KS-SETTINGS-001', 'KS-SETTINGS-010', 'KS-SETTINGS-014'], stderr);
  });
}
