import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createSite, FULL, type Child } from './support/site.ts';
import { until } from './support/until.ts';
import { assertAllArrived, KINDS, made } from './support/verdict.ts';

const BUDGET_MS = 8000;
/** What a busy machine may take to start a timer, a signal handler and the end of a process. */
const ROOM_MS = 4000;
const OUTAGE_MS = FULL ? 5000 : 1000;
/** Of all that arrives, so much may arrive twice. */
const TWICE_SHARE = 0.01;

/** Resolves with how many were made, when it says so; from then on the process has its budget to end. */
async function endsInBudget(child: Child, end?: () => void): Promise<number> {
  await child.says(/made \d+\./);
  const sinceMs = performance.now();
  end?.();
  const { code, signal, stdout, stderr } = await child.ended;
  const tookMs = performance.now() - sinceMs;
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
  assert.ok(tookMs < BUDGET_MS + ROOM_MS, `it took ${Math.round(tookMs)} ms to end`);
  return Number(/made (\d+)\./.exec(stdout)![1]);
}

describe('an Agent in trouble', { concurrency: 2 }, () => {
  it(`L4: that answers 500 for ${OUTAGE_MS} ms costs nothing`, async (t) => {
    const site = await createSite(t);
    site.agent.behave(500);
    const child = site.start('steady.mjs', [String(OUTAGE_MS + 500)]);
    await child.says(/up/);
    await pause(OUTAGE_MS);
    await until('it has refused something', () => site.agent.refused() > 0);
    site.agent.behave('ok');
    const count = await endsInBudget(child);
    await site.replay();
    await assertAllArrived(site, made(count), TWICE_SHARE);
  });

  it('L4, L8: that is down for the whole run leaves everything to the next start, and the process ends in its budget', async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    const child = site.start('steady.mjs', ['500', 'stay']);
    const count = await endsInBudget(child, () => child.process.kill('SIGTERM'));
    const { ledger } = await site.ledger();
    for (const kind of KINDS) assert.equal(ledger[kind].pending, made(count)[kind], kind);
    await site.agent.up();
    await site.replay();
    await assertAllArrived(site, made(count), TWICE_SHARE);
  });

  it(`L4: that comes up ${OUTAGE_MS} ms late gets everything, although the tracer alone would have gone agentless`, async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    const child = site.start('steady.mjs', [String(OUTAGE_MS + 500)], { env: { DD_API_KEY: 'an-api-key' } });
    await child.says(/up/);
    await pause(OUTAGE_MS);
    await site.agent.up();
    const count = await endsInBudget(child);
    await site.replay();
    await assertAllArrived(site, made(count), TWICE_SHARE);
  });

  it('L4, L8: that hangs at the shutdown costs nothing, and the process ends in its budget', async (t) => {
    const site = await createSite(t);
    const child = site.start('steady.mjs', ['500', 'stay']);
    await child.says(/up/);
    site.agent.behave('hang');
    await until('it has a request to hang on', () => site.agent.refused() > 0);
    const count = await endsInBudget(child, () => child.process.kill('SIGTERM'));
    await site.agent.down();
    site.agent.behave('ok');
    await site.agent.up();
    await site.replay();
    await assertAllArrived(site, made(count), TWICE_SHARE);
  });

  it('L12: that takes three requests and never answers them gets them twice, and the ledger says so', async (t) => {
    const site = await createSite(t);
    site.agent.behave('swallow');
    const child = site.start('steady.mjs', ['500']);
    await child.says(/up/);
    const count = await endsInBudget(child);
    await site.replay();
    await assertAllArrived(site, made(count));
    const counts = site.agent.arrivals.counts();
    assert.ok(KINDS.some((kind) => counts[kind].duplicates > 0));
  });
});
