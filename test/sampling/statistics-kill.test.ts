import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { NoiseCounts, StatisticsCounts } from '../../src/contracts/sampling.ts';
import { createSite, recordsOf, type Site } from '../e2e/support/site.ts';
import { until } from '../e2e/support/until.ts';
import { CLI, eventsOf } from '../hosts/support.ts';
import { readMsgpack } from '../support/msgpack.ts';

type Fields = Record<string, unknown>;

const PROGRAM = fileURLToPath(new URL('fixtures/counted.mjs', import.meta.url));
const SPANS = 30;

/** An Agent that counts spans and the hits of statistics; it shares no code with what it judges. */
async function startAgent(t: TestContext) {
  const seen = { spans: 0, hits: 0 };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      if (request.url === '/v0.4/traces')
        seen.spans += (readMsgpack(body) as unknown as unknown[][]).flat().length;
      if (request.url === '/v0.6/stats') seen.hits += hitsOf(readMsgpack(body) as Fields);
      response.end(request.url === '/info' ? '{"endpoints":["/v0.4/traces","/v0.6/stats"]}' : '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function hitsOf(payload: Fields): number {
  return (payload['Stats'] as Fields[])
    .flatMap((bucket) => bucket['Stats'] as Fields[])
    .reduce((sum, row) => sum + Number(row['Hits']), 0);
}

/** Files of statistics that begin with one of these names. */
function filesOf(site: Site, ...starts: readonly string[]): string[] {
  const folder = join(site.journal, 'statistics');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    starts.some((start) => name.split('/').at(-1)?.startsWith(start)),
  );
}

const envOf = (url: string) => ({
  DD_TRACE_AGENT_URL: url,
  DD_TRACE_SAMPLING_RULES: '[{"resource":"noise","sample_rate":0}]',
});

const startProgram = (site: Site, url: string, spans: number) =>
  site.launch(['--import', 'keepspan/register', PROGRAM, String(spans)], { env: envOf(url) });

const statisticsIn = (stderr: string): StatisticsCounts | undefined =>
  (recordsOf(stderr, 'observability_shutdown')[0]?.['noise'] as NoiseCounts | undefined)?.statistics;

describe('hit statistics of a killed deliverer', { concurrency: 2 }, () => {
  it('of the process: what was counted more than a second before is sent by the next start', async (t) => {
    const site = await createSite(t);
    const { url, seen } = await startAgent(t);
    const first = startProgram(site, url, SPANS);
    await until('they are counted', () => seen.spans === SPANS && filesOf(site, 'open-').length > 0);
    first.process.kill('SIGKILL');
    await first.ended;
    assert.equal(seen.hits, 0);
    const next = startProgram(site, url, 0);
    await next.says(/made/);
    await until('they are taken over', () => filesOf(site, 'open-').length === 0);
    next.process.kill('SIGTERM');
    const { stderr } = await next.ended;
    const counts = statisticsIn(stderr);
    assert.deepEqual(counts, { counted: SPANS, reported: SPANS, maybeTwice: 0, lost: 0 }, stderr);
    assert.equal(seen.hits, SPANS);
    assert.deepEqual(filesOf(site, 'open-', 'closed-', 'hits'), []);
  });

  it('within that second: sent or counted as lost, every one of them', async (t) => {
    const site = await createSite(t);
    const { url, seen } = await startAgent(t);
    const first = startProgram(site, url, SPANS);
    await until('they are counted', () => seen.spans === SPANS && filesOf(site, 'hits').length > 0);
    first.process.kill('SIGKILL');
    await first.ended;
    const next = startProgram(site, url, 0);
    await next.says(/made/);
    await until('they are taken over', () => filesOf(site, 'open-').length === 0);
    next.process.kill('SIGTERM');
    const { stderr } = await next.ended;
    const { counted = 0, reported = 0, lost = 0 } = statisticsIn(stderr) ?? {};
    assert.equal(reported, seen.hits);
    assert.equal(counted, reported + lost);
    // A record whose answer had come, but was not written down, counts with who sends it again.
    assert.ok(counted >= SPANS, `${counted} of ${SPANS}: ${stderr}`);
    const said = recordsOf(stderr, 'KS-DELIVERY-005').reduce((sum, { spans }) => sum + Number(spans), 0);
    assert.equal(said, lost);
  });

  it('purge of everything takes them, too', async (t) => {
    const site = await createSite(t);
    const { url, seen } = await startAgent(t);
    const first = startProgram(site, url, SPANS);
    await until('they are counted', () => seen.spans === SPANS && filesOf(site, 'open-').length > 0);
    const running = await site.launch([CLI, 'purge', '--all', '--yes'], { env: envOf(url) }).ended;
    assert.match(running.stderr, /KS-PURGE-001/);
    first.process.kill('SIGKILL');
    await first.ended;
    for (const yes of [[], ['--yes']]) {
      const { stdout, stderr } = await site.launch([CLI, 'purge', '--all', ...yes], { env: envOf(url) })
        .ended;
      assert.match(stdout, new RegExp(`remove[d]? the hit statistics of ${SPANS} spans\n`), stderr);
    }
    assert.deepEqual(filesOf(site, 's-'), []);
  });

  it('of keepspan run: the next one sends them', async (t) => {
    const site = await createSite(t);
    const { url, seen } = await startAgent(t);
    const command = [process.execPath, PROGRAM, String(SPANS)];
    const run = site.launch([CLI, 'run', '--json', '--', ...command], { env: envOf(url) });
    const pid = Number((await run.says(/"started","pid":(\d+)/))[1]);
    await until('they are counted', () => seen.spans === SPANS && filesOf(site, 'open-').length > 0);
    run.process.kill('SIGKILL');
    process.kill(pid, 'SIGKILL'); // Whose host is killed runs on.
    await run.ended;
    assert.equal(seen.hits, 0);
    const next = site.launch([CLI, 'deliver', '--once', '--json'], { env: envOf(url) });
    const { code, stdout, stderr } = await next.ended;
    assert.equal(code, 0, stderr);
    const noise = eventsOf(stdout).at(-1)?.['noise'] as NoiseCounts | undefined;
    assert.deepEqual(noise?.statistics, { counted: SPANS, reported: SPANS, maybeTwice: 0, lost: 0 });
    assert.equal(seen.hits, SPANS);
  });
});
