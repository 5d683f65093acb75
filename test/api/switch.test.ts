import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSite, FULL, recordsOf } from '../e2e/support/site.ts';

type Row = readonly [
  enabled: string | undefined,
  stack: string | undefined,
  option: string | undefined,
  on: boolean,
];

/** Environment, environment, what the application asks for; then whether it is on. */
const ROWS: readonly Row[] = [
  [undefined, undefined, undefined, false],
  ['0', undefined, undefined, false],
  ['false', undefined, undefined, false],
  ['no', undefined, undefined, false],
  ['1', undefined, undefined, true],
  ['true', undefined, undefined, true],
  [undefined, 'datadog', undefined, true],
  ['0', 'datadog', undefined, true],
  ['1', 'off', undefined, false],
  ['1', 'off', 'datadog', false],
  [undefined, 'off', 'datadog', false],
  [undefined, undefined, 'datadog', true],
  ['0', undefined, 'datadog', true],
  ['0', undefined, 'off', false],
  ['1', undefined, 'off', true],
];

/** Each side of each decision once; everything under KEEPSPAN_TEST_FULL=1. */
const SAMPLE = new Set([1, 4, 6, 8, 9, 11, 13]);

describe('the switch, with the preload and an application that initialises', { concurrency: 2 }, () => {
  for (const [enabled, stack, option, on] of ROWS.filter((_row, index) => FULL || SAMPLE.has(index))) {
    it(`DD_LLMOBS_ENABLED=${enabled} KEEPSPAN_STACK=${stack} initObservability({ stack: ${option} }): ${on ? 'on' : 'off'}`, async (t) => {
      const site = await createSite(t);
      const env = { DD_LLMOBS_ENABLED: enabled, KEEPSPAN_STACK: stack };
      const args = option === undefined ? [] : [JSON.stringify({ stack: option })];
      const { code, stdout, stderr } = await site.run('../../api/fixtures/state.mjs', args, { env });
      assert.equal(code, 0, stderr);
      // The preload decides on the environment alone; what it switched on, the application's `off` comes too late for.
      const byPreload = on && option !== 'datadog';
      assert.deepEqual(JSON.parse(stdout), {
        before: byPreload,
        answers: [on, on],
        after: on,
        ran: 'ran',
        same: stack === 'off',
      });
      assert.equal(recordsOf(stderr, 'observability_initialized').length, on ? 1 : 0);
      assert.equal(recordsOf(stderr, 'observability_disabled').length, byPreload ? 0 : 1);
    });
  }
});
