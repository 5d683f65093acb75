import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inFormats } from './support/rows.ts';
import { createSite } from './support/site.ts';
import { assertAllArrived, assertOnlyUnreleasedLost, made } from './support/verdict.ts';

/** How a process ends in the same tick in which it made 1,000 spans, 1,000 LLM spans and 1,000 evaluations. */
const EXITS: readonly {
  readonly end: string;
  readonly says: string;
  readonly code: number;
  readonly stderr?: RegExp;
}[] = [
  { end: 'natural', says: 'a natural exit', code: 0 },
  { end: 'exit0', says: 'process.exit(0)', code: 0 },
  { end: 'exit3', says: 'process.exit(3)', code: 3 },
  { end: 'sigterm', says: 'SIGTERM without a handler of its own', code: 0 },
  { end: 'sigtermOwn', says: 'SIGTERM with a handler of its own that exits 7', code: 7 },
  { end: 'sigint', says: 'SIGINT without a handler of its own', code: 0 },
  { end: 'sigintOwn', says: 'SIGINT with a handler of its own that exits 8', code: 8 },
  { end: 'second', says: 'a second SIGTERM while a consumer hangs', code: 143 },
  {
    end: 'throw',
    says: 'an uncaught throw',
    code: 1,
    stderr: /Error: thrown by the application\n\s+at .*program\.mjs/,
  },
  {
    end: 'reject',
    says: 'an unhandled rejection',
    code: 1,
    stderr: /Error: rejected by the application\n\s+at .*program\.mjs/,
  },
];

describe('exits', { concurrency: 2 }, () => {
  for (const { row, format } of inFormats(EXITS)) {
    it(`L3: ${row.says} loses nothing and exits ${row.code} (${format})`, async (t) => {
      const site = await createSite(t);
      const { code, signal, stderr } = await site.run(`app.${format}`, [row.end]);
      assert.deepEqual({ code, signal }, { code: row.code, signal: null }, stderr);
      if (row.stderr !== undefined) assert.match(stderr, row.stderr);
      await site.replay();
      await assertAllArrived(site, made(1000));
    });
  }

  for (const { format } of inFormats(['sigkill'])) {
    it(`L3: SIGKILL loses no LLM span and no evaluation, and the ledger says how many spans it took (${format})`, async (t) => {
      const site = await createSite(t);
      const { signal } = await site.run(`app.${format}`, ['sigkill']);
      assert.equal(signal, 'SIGKILL');
      await site.replay();
      await assertOnlyUnreleasedLost(site, made(1000));
    });
  }
});
