import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import type { ShownRecords } from '../../src/cli/ledger-records.ts';
import { holds, keepspan } from '../cli/journal-commands.ts';
import { createSite, FULL, recordsOf, type LedgerDocument, type Site } from '../e2e/support/site.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../otlp/receiver.ts';
import { until } from '../otlp/support.ts';
import { eventsOf, fixture, startSidecar, underRun } from './support.ts';

const COUNT = 10;

interface OtlpDocument extends LedgerDocument {
  readonly receivers?: readonly {
    readonly name: string;
    readonly address: string;
    readonly ledger: Ledger;
  }[];
}

/** A site with a receiver, which refuses until it is told otherwise. */
async function siteWith(t: TestContext): Promise<{ site: Site; receiver: OtlpReceiver }> {
  const site = await createSite(t);
  const receiver = await startOtlpReceiver();
  receiver.manner = 503;
  t.after(() => receiver.close());
  return { site, receiver };
}

const own = (site: Site, receiver: OtlpReceiver, end: string) =>
  site.run(fixture('otlp.mjs'), ['OWN', end, receiver.url], {
    nodeArgs: [],
    env: { DD_LLMOBS_ENABLED: undefined },
  });

const stackOtlp = ({ url }: OtlpReceiver) => ({
  KEEPSPAN_STACK: 'otlp',
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of-the-environment',
});

const KEY = { KEEPSPAN_OTLP_RECEIVER_HEADERS: 'named:x-key=given%20now,x-source=there' };

const ledgerOf = async (site: Site, of?: string) => (await site.ledger(of)) as OtlpDocument;
const llmOf = ({ llmSpans }: Ledger) => {
  const { created, delivered, pending, unaccounted } = llmSpans;
  return { created, delivered, pending, unaccounted };
};
const PENDING = { created: COUNT, delivered: 0, pending: COUNT, unaccounted: 0 };
const DELIVERED = { created: COUNT, delivered: COUNT, pending: 0, unaccounted: 0 };

describe('a killed process of stack otlp', { concurrency: 2 }, () => {
  it('under keepspan run: what it left is delivered when run ends', async (t) => {
    const { site, receiver } = await siteWith(t);
    const env = { ...stackOtlp(receiver), KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '20000' };
    const child = underRun(site, fixture('otlp.mjs'), ['STACK', 'sigkill'], { env, runOptions: ['--json'] });
    await child.says(/"exited"/);
    receiver.manner = 'up';
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 137, stderr);
    assert.equal(eventsOf(stdout).at(-1)?.['pending'], 0);
    // Ten calls and the ten evaluations of them, which are spans of their own.
    assert.equal(
      receiver.names.filter((name) => name.startsWith('chat')).length,
      COUNT,
      receiver.names.join(),
    );
    assert.equal(receiver.names.length, 2 * COUNT);
    assert.ok(receiver.requests.every(({ headers }) => headers['x-key'] === 'of-the-environment'));
    assert.deepEqual(llmOf((await ledgerOf(site)).ledger), DELIVERED);
  });

  it('with a sidecar of the same environment: delivered while it runs', async (t) => {
    const { site, receiver } = await siteWith(t);
    receiver.manner = 'up';
    const env = stackOtlp(receiver);
    const sidecar = site.start(fixture('cli.mjs'), ['deliver', '--json', '--journal', site.journal], {
      nodeArgs: [],
      env,
    });
    await sidecar.says(/"delivering"/);
    await site.run(fixture('otlp.mjs'), ['STACK', 'sigkill'], { env });
    await until(() => new Set(receiver.names).size >= 1 && receiver.names.length >= 2 * COUNT, 'arrivals');
    sidecar.process.kill('SIGTERM');
    const { stdout, code } = await sidecar.ended;
    assert.equal(code, 0);
    assert.deepEqual(eventsOf(stdout).at(-1), { event: 'ended', pending: 0, atRisk: 0 });
  });
});

describe('a killed process with a receiver of its own', { concurrency: 2 }, () => {
  it('the commands show it, without its key; a deliverer is told the key, and delivers', async (t) => {
    const { site, receiver } = await siteWith(t);
    await own(site, receiver, 'sigkill');
    assert.ok(!holds(site.journal, 'a-secret-of-the-receiver'), 'the key lies in the journal');

    const before = await ledgerOf(site);
    assert.deepEqual(llmOf(before.ledger), PENDING);
    assert.deepEqual(
      before.receivers?.map(({ name, address, ledger }) => ({ name, address, ...llmOf(ledger) })),
      [{ name: 'named', address: `${receiver.url}/v1/traces`, ...PENDING }],
    );
    const text = await keepspan(site, ['ledger']);
    assert.match(text.stdout, /OTLP receiver named, http:\/\/127\.0\.0\.1:\d+\/v1\/traces\n/);
    const records = await keepspan(site, ['ledger', '--records', '--json']);
    const shown = (JSON.parse(records.stdout) as ShownRecords).records;
    assert.equal(shown.length, COUNT);
    for (const { receiver: name, ids } of shown) {
      assert.equal(name, 'named');
      assert.match(ids[0] ?? '', /^[0-9a-f]{32}:[0-9a-f]{16}$/);
    }
    assert.doesNotMatch(records.stdout, /the question/);
    const content = await keepspan(site, ['ledger', '--records', '--content']);
    assert.match(content.stdout, /the question 9/);
    assert.match(content.stdout, / named /);

    receiver.manner = 'up';
    const unknowing = await keepspan(site, ['deliver', '--once', '--json']);
    assert.equal(unknowing.code, 1, unknowing.stderr);
    assert.equal(eventsOf(unknowing.stdout).at(-1)?.['pending'], COUNT);
    assert.deepEqual(
      recordsOf(unknowing.stderr, 'KS-OTLP-008').map(({ receiver: name, missing }) => ({ name, missing })),
      [{ name: 'named', missing: 'x-key, x-source' }],
    );
    assert.equal(receiver.requests.length, 0);

    const knowing = await keepspan(site, ['deliver', '--once', '--json'], KEY);
    assert.equal(knowing.code, 0, knowing.stderr);
    assert.deepEqual([...receiver.names].toSorted(), expected);
    assert.equal(receiver.requests[0]?.headers['x-key'], 'given now');
    assert.deepEqual(llmOf((await ledgerOf(site)).ledger), DELIVERED);
    const agent = site.agent.arrivals.counts();
    assert.equal(agent.llmSpans.unique + agent.spans.unique, 0);
  });

  it('its folder alone: delivered to its receiver, never to an Agent', async (t) => {
    const { site, receiver } = await siteWith(t);
    await own(site, receiver, 'sigkill');
    receiver.manner = 'up';
    const folder = join(site.journal, 'otlp', 'named');
    assert.deepEqual(llmOf((await ledgerOf(site, folder)).ledger), PENDING);
    const { code, stderr } = await keepspan(site, ['deliver', '--once', '--journal', folder], KEY);
    assert.equal(code, 0, stderr);
    assert.deepEqual([...receiver.names].toSorted(), expected);
    assert.deepEqual(llmOf((await ledgerOf(site, folder)).ledger), DELIVERED);
  });

  it('refused: shown, sent once more, counted as delivered instead of lost', async (t) => {
    const { site, receiver } = await siteWith(t);
    await own(site, receiver, 'sigkill');
    receiver.manner = 400;
    assert.equal((await keepspan(site, ['deliver', '--once'], KEY)).code, 0);
    assert.deepEqual((await ledgerOf(site)).ledger.llmSpans.lost, { quarantined: COUNT });
    const refused = await keepspan(site, ['ledger', '--quarantine', '--json']);
    const { records } = JSON.parse(refused.stdout) as ShownRecords;
    assert.deepEqual(
      records.map(({ receiver: name, status, ids }) => ({ name, status, ids: ids.length })),
      Array.from({ length: COUNT }, () => ({ name: 'named', status: 400, ids: 1 })),
    );
    receiver.manner = 'up';
    const unknowing = await keepspan(site, ['deliver', '--quarantine', '--json']);
    assert.equal(unknowing.code, 1);
    assert.match(unknowing.stderr, /KS-OTLP-008/);
    const { code, stdout } = await keepspan(site, ['deliver', '--quarantine', '--json'], KEY);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { event: 'resent', delivered: COUNT, left: 0, busy: [] });
    assert.deepEqual([...receiver.names].toSorted(), expected);
    assert.deepEqual(llmOf((await ledgerOf(site)).ledger), DELIVERED);
  });

  it('purge removes it, bytes and refused ones included, and the ledger says how many', async (t) => {
    const { site, receiver } = await siteWith(t);
    await own(site, receiver, 'sigkill');
    receiver.manner = 400;
    await keepspan(site, ['deliver', '--once'], KEY);
    receiver.manner = 503;
    await own(site, receiver, 'sigkill');
    assert.ok(holds(site.journal, 'the question 9'));
    const asked = await keepspan(site, ['purge', '--all', '--json']);
    assert.equal(asked.code, 1);
    const purged = await keepspan(site, ['purge', '--all', '--yes', '--json']);
    assert.equal(purged.code, 0, purged.stderr);
    const { pending, quarantine, receivers } = JSON.parse(purged.stdout) as {
      pending: { signals: { llmSpans: number } };
      quarantine: { records: number };
      receivers: string[];
    };
    assert.deepEqual([pending.signals.llmSpans, quarantine.records, receivers], [COUNT, COUNT, ['named']]);
    assert.ok(!holds(site.journal, 'the question'));
    assert.deepEqual((await ledgerOf(site)).ledger.llmSpans.dropped, { purged: COUNT });
    assert.deepEqual(
      readdirSync(join(site.journal, 'otlp', 'named')).filter((name) => name.startsWith('w-')),
      [],
    );
  });

  it('a living one delivers by itself, and a sidecar that ends does not wait for it', async (t) => {
    const { site, receiver } = await siteWith(t);
    const app = site.start(fixture('otlp.mjs'), ['OWN', 'stay', receiver.url], {
      nodeArgs: [],
      env: { DD_LLMOBS_ENABLED: undefined },
    });
    await app.says(/made/);
    const sidecar = startSidecar(site);
    await sidecar.says(/"delivering"/);
    sidecar.process.kill('SIGTERM');
    const { stdout, stderr } = await sidecar.ended;
    assert.equal(eventsOf(stdout).at(-1)?.['pending'], COUNT);
    // Nothing of it waits for the sidecar, which is therefore not told what it does not know.
    assert.doesNotMatch(stderr, /KS-OTLP-008/);
    receiver.manner = 'up';
    await until(() => receiver.names.length === COUNT, 'arrivals');
    app.process.kill('SIGTERM');
    await app.ended;
  });
});

if (FULL) {
  describe('a killed process of stack dual', () => {
    it('under keepspan run: both streams are delivered when run ends', async (t) => {
      const { site, receiver } = await siteWith(t);
      const child = underRun(site, fixture('dual.mjs'), [], {
        env: {
          KEEPSPAN_STACK: 'dual',
          TRACELOOP_BASE_URL: receiver.url,
          TRACELOOP_HEADERS: 'x-key=of-the-stream',
          KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '20000',
        },
        runOptions: ['--json'],
      });
      await child.says(/"exited"/);
      receiver.manner = 'up';
      const { code, stdout, stderr } = await child.ended;
      assert.equal(code, 137, stderr);
      assert.equal(eventsOf(stdout).at(-1)?.['pending'], 0);
      assert.deepEqual(
        [...new Set(receiver.names)].toSorted(),
        Array.from({ length: COUNT }, (_, i) => `theirs ${i}.workflow`).toSorted(),
      );
      assert.equal(receiver.requests[0]?.headers['x-key'], 'of-the-stream');
      assert.equal(site.agent.arrivals.counts().llmSpans.unique, COUNT);
      const { ledger, receivers } = await ledgerOf(site);
      assert.deepEqual(
        receivers?.map(({ name }) => name),
        ['frameworks'],
      );
      const { created, delivered, pending, unaccounted } = ledger.llmSpans;
      assert.deepEqual([created, delivered, pending, unaccounted], [2 * COUNT, 2 * COUNT, 0, 0]);
    });
  });
}

const expected = Array.from({ length: COUNT }, (_, i) => `span ${i}`).toSorted();
