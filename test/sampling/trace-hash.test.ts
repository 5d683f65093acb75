import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { createRateTest } from '../../src/sampling/trace-hash.ts';

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('dd-trace/package.json'));
const Sampler = require(join(root, 'packages/dd-trace/src/sampler.js')) as new (rate: number) => {
  isSampled(context: object): boolean;
};

it('decides as dd-trace decides, on every id and at every rate', () => {
  const ids = [0n, 1n, 2n ** 63n, 2n ** 64n - 1n];
  for (let i = 1n; i < 2000n; i += 1n) ids.push(BigInt.asUintN(64, i * 0x9e3779b97f4a7c15n));
  for (const rate of [0, 1e-9, 0.01, 0.1, 0.5, 0.999, 1]) {
    const ours = createRateTest(rate);
    const theirs = new Sampler(rate);
    for (const id of ids)
      assert.equal(ours(id), theirs.isSampled({ _traceId: { toBigInt: () => id } }), `${rate} ${id}`);
  }
});
