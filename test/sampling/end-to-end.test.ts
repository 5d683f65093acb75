import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { KindLedger } from '../../src/contracts/ledger.ts';
import type { NoiseCounts } from '../../src/contracts/sampling.ts';
import { createSite, recordsOf } from '../e2e/support/site.ts';
import { readMsgpack } from '../support/msgpack.ts';

type Fields = Record<string, unknown>;

interface Span {
  readonly trace_id: bigint;
  readonly parent_id: number | bigint;
  readonly name: string;
  readonly error: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

/** An Agent that keeps every span and every statistic; it shares no code with what it judges. */
async function startAgent(t: TestContext) {
  const spans: Span[] = [];
  const stats: Fields[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      if (request.url === '/v0.4/traces') spans.push(...(readMsgpack(body) as unknown as Span[][]).flat());
      if (request.url === '/v0.6/stats') stats.push(...statRows(readMsgpack(body) as Fields));
      response.end(
        request.url === '/info' ? '{"endpoints":["/v0.4/traces","/v0.6/stats","/evp_proxy/v2/"]}' : '{}',
      );
    });
  });
  const url = await listen(t, server);
  return { url, spans, stats };
}

function statRows(payload: Fields): Fields[] {
  return (payload['Stats'] as Fields[]).flatMap((bucket) => bucket['Stats'] as Fields[]);
}

/** Answers calls and SQS receives; keeps the headers of calls. */
async function startUpstream(t: TestContext) {
  const calls: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const full = Buffer.concat(parts).includes('/full');
      if (request.url === '/out') calls.push(request.headers);
      const Messages = [
        { MessageId: '1', ReceiptHandle: 'r', Body: 'hello', MD5OfBody: '5d41402abc4b2a76b9719d911017c592' },
      ];
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify(full ? { Messages } : {}));
    });
  });
  return { url: await listen(t, server), calls };
}

async function listen(t: TestContext, server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const REGISTER = fileURLToPath(new URL('../../src/register.ts', import.meta.url));
const PRODUCTION = { DD_ENV: 'production' };

async function run(t: TestContext, what: string, env: Readonly<Record<string, string>> = PRODUCTION) {
  const [agent, upstream, site] = await Promise.all([startAgent(t), startUpstream(t), createSite(t)]);
  const { code, stderr } = await site.run('../../sampling/fixtures/noise.mjs', [what], {
    env: { DD_TRACE_AGENT_URL: agent.url, UPSTREAM_URL: upstream.url, ...env },
    nodeArgs: ['--import', REGISTER],
  });
  assert.equal(code, 0, stderr);
  const [shutdown] = recordsOf(stderr, 'observability_shutdown');
  const [started] = recordsOf(stderr, 'observability_initialized');
  assert.ok(shutdown !== undefined, stderr);
  const { spans: ledger } = shutdown['ledger'] as { readonly spans: KindLedger };
  return {
    ...agent,
    calls: upstream.calls,
    stderr,
    ledger,
    started,
    noise: shutdown['noise'] as NoiseCounts | undefined,
  };
}

const pathOf = (span: Span): string => new URL(span.meta['http.url'] ?? 'http://none/').pathname;
const roots = (spans: readonly Span[]): Span[] => spans.filter((span) => span.parent_id === 0);
const count = (spans: readonly Span[], path: string): number =>
  roots(spans).filter((span) => span.meta['span.kind'] === 'server' && pathOf(span) === path).length;

const REQUIREMENT = {
  ...PRODUCTION,
  DD_TRACE_SAMPLING_RULES:
    '[{"resource":"kafka.consume","sample_rate":0.01},{"resource":"sqs.receivemessage","sample_rate":0.01},{"resource":"GET /health","sample_rate":0.0}]',
};

describe('the requirement’s rules, verbatim, on the real tracer', () => {
  for (const server of ['http', 'fastify']) {
    it(`${server}: no health probe arrives, with or without an outgoing call; LLM work and errors below probes do`, async (t) => {
      const { spans, ledger, noise } = await run(t, server, REQUIREMENT);
      assert.equal(count(spans, '/health'), 0);
      assert.equal(count(spans, '/healthz'), 20);
      assert.equal(count(spans, '/health/llm'), 20);
      assert.equal(count(spans, '/health/down'), 20);
      assert.equal(count(spans, '/orders'), 20);
      assert.equal(ledger.delivered, spans.length);
      assert.equal(ledger.created, ledger.delivered + ledger.sampledOut);
      assert.equal(ledger.unaccounted, 0);
      assert.deepEqual([noise?.seen, noise?.kept], [40, 0]);
      // Whole traces: no span of what was dropped, none is an orphan of it.
      const traces = new Set(roots(spans).map((span) => span.trace_id));
      assert.deepEqual(
        spans.filter((span) => !traces.has(span.trace_id)),
        [],
      );
    });
  }

  it('sqs: empty receives are thinned, every receive that brought messages arrives', async (t) => {
    const { spans, noise } = await run(t, 'sqs', REQUIREMENT);
    const receives = spans.filter((span) => span.meta['aws.operation'] === 'receiveMessage');
    const full = receives.filter((span) => span.metrics['messaging.batch.message_count'] === 1);
    assert.equal(full.length, 20);
    assert.ok(receives.length - full.length <= 3, `${receives.length - full.length} of 20 empty receives`);
    assert.equal(noise?.seen, 20);
    assert.equal(noise.protected['protected:messages'], 20);
  });
});

it('the rules of the profile: production thins every probe, development nothing', async (t) => {
  const [production, development] = await Promise.all([
    run(t, 'http'),
    run(t, 'http', { DD_ENV: 'development' }),
  ]);
  assert.deepEqual(
    [
      count(production.spans, '/health'),
      count(production.spans, '/healthz'),
      count(production.spans, '/orders'),
    ],
    [0, 0, 20],
  );
  assert.deepEqual(production.started?.['sampling'], {
    source: 'profile',
    rules: ['poll:kafka @ 0.01', 'poll:sqs @ 0.01', 'health @ 0'],
  });
  assert.deepEqual([count(development.spans, '/health'), count(development.spans, '/healthz')], [40, 20]);
  assert.equal(development.ledger.sampledOut, 0);
  assert.equal(development.noise, undefined);
});

it('statistics count every probe, dropped or not: hits and errors', async (t) => {
  const { stats, spans } = await run(t, 'http');
  const of = (status: number) =>
    stats
      .filter((row) => row['Name'] === 'web.request' && Number(row['HTTPStatusCode']) === status)
      .reduce((sum, row) => sum + Number(row['Hits']), 0);
  assert.equal(of(200), 100);
  assert.equal(of(503), 20);
  const errors = stats
    .filter((row) => row['Name'] === 'web.request')
    .reduce((sum, row) => sum + Number(row['Errors']), 0);
  assert.equal(errors, 20);
  assert.equal(count(spans, '/health'), 0);
});

/** Hits and errors of rows that say the same. How long it took, and over how many connections, differs each time. */
function tally(rows: readonly Fields[]): Record<string, readonly [number, number]> {
  const sums: Record<string, [number, number]> = {};
  for (const { Hits, Errors, Duration: _time, OkSummary: _ok, ErrorSummary: _error, ...row } of rows) {
    if (/^(?:tcp|dns)\./.test(String(row['Name']))) continue;
    const key = JSON.stringify(
      { ...row, TopLevelHits: Number(row['TopLevelHits']) > 0 },
      (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value),
    ).replaceAll(/127\.0\.0\.1:\d+/g, 'host');
    const sum = (sums[key] ??= [0, 0]);
    sum[0] += Number(Hits);
    sum[1] += Number(Errors);
  }
  return sums;
}

it('statistics are row by row those that dd-trace makes itself, which are left alone where somebody switched them on', async (t) => {
  const ours = await run(t, 'http');
  const theirs = await run(t, 'http', { ...PRODUCTION, DD_TRACE_STATS_COMPUTATION_ENABLED: 'true' });
  assert.deepEqual(tally(ours.stats), tally(theirs.stats));
  assert.ok(Object.keys(tally(ours.stats)).length >= 4);
  assert.ok(ours.noise!.statistics!.counted > 0);
  assert.equal(theirs.noise!.statistics, undefined);
});

it('what waits in memory because the disk refuses is thinned by the same policy, and counted as such', async (t) => {
  const { spans, stats, ledger, noise, started } = await run(t, 'http', {
    ...PRODUCTION,
    KEEPSPAN_JOURNAL_DIR: '/dev/null/journal',
  });
  assert.equal((Object(started?.['journal']) as Fields)['directory'] ?? null, null);
  assert.equal(count(spans, '/health'), 0);
  assert.ok(count(spans, '/orders') > 0);
  const { created, delivered, sampledOut, pending, unaccounted, dropped, lost } = ledger;
  assert.ok(sampledOut > 0 && delivered > 0);
  assert.deepEqual([pending, unaccounted, dropped, lost], [0, 0, {}, {}]);
  assert.equal(created, delivered + sampledOut);
  assert.ok(noise!.seen > noise!.kept);
  const { counted, reported, lost: unreported } = noise!.statistics!;
  assert.deepEqual([reported, unreported], [counted, 0]);
  const hits = stats
    .filter((row) => row['Name'] === 'web.request')
    .reduce((sum, row) => sum + Number(row['Hits']), 0);
  assert.equal(hits, 120);
});

it('an LLM workflow is kept from its start: its outgoing calls say so, and the services behind it agree', async (t) => {
  const { calls, spans } = await run(t, 'llm');
  assert.equal(calls.length, 1);
  assert.equal(calls[0]?.['x-datadog-sampling-priority'], '2');
  assert.match(String(calls[0]?.['x-datadog-tags']), /_dd\.p\.dm=-4/);
  assert.match(String(calls[0]?.['traceparent']), /-01$/);
  const [root] = roots(spans.filter(({ name }) => name === 'workflow.extract'));
  assert.equal(root?.metrics['_sampling_priority_v1'], 2);
});

it('L9: a policy that is not valid keeps everything, and is one error record', async (t) => {
  const { spans, ledger, stderr, started } = await run(t, 'http', {
    ...PRODUCTION,
    DD_TRACE_SAMPLING_RULES: '[{"noise":"helth","sample_rate":0}]',
  });
  assert.equal(count(spans, '/health'), 40);
  assert.equal(ledger.sampledOut, 0);
  assert.deepEqual(started?.['sampling'], { source: 'refused', rules: [] });
  const records = stderr.split('\n').filter((line) => line.includes('KS-POLICY'));
  assert.equal(records.length, 1, stderr);
  const { code, level, at, fix } = JSON.parse(records[0]!) as Fields;
  assert.deepEqual(
    { code, level, at, fix },
    {
      code: 'KS-POLICY-003',
      level: 'error',
      at: 'DD_TRACE_SAMPLING_RULES[0].noise',
      fix: 'did you mean health?',
    },
  );
});
