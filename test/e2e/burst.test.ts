import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSite, FULL } from './support/site.ts';
import { assertAllArrived } from './support/verdict.ts';

const ONE_TICK = { says: '5,000 LLM spans in one tick', total: 5000, perSecond: 0 };
const PACED = { says: '4,000 LLM spans a second for 4 s', total: 16_000, perSecond: 4000 };

/** The tracer as it comes, with the Agent named as its documentation says. */
const PLAIN = {
  nodeArgs: ['--import', 'dd-trace/initialize.mjs'],
  env: { DD_LLMOBS_AGENTLESS_ENABLED: '0' },
};

describe('bursts', { concurrency: 2 }, () => {
  for (const { says, total, perSecond } of FULL ? [ONE_TICK, PACED] : [ONE_TICK]) {
    it(`${says} all arrive`, async (t) => {
      const site = await createSite(t);
      const { code, stderr } = await site.run('burst.mjs', [String(total), String(perSecond)]);
      assert.equal(code, 0, stderr);
      await site.replay();
      await assertAllArrived(site, { spans: total, llmSpans: total, evaluations: 0 });
    });

    it(`${says} do not all arrive without Keepspan (the control)`, async (t) => {
      const site = await createSite(t);
      const { code, stderr } = await site.run('burst.mjs', [String(total), String(perSecond)], PLAIN);
      assert.equal(code, 0, stderr);
      const { unique } = site.agent.arrivals.counts().llmSpans;
      assert.ok(unique > 0 && unique < total, `${unique} of ${total} arrived`);
    });
  }
});
