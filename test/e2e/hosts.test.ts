import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inFormats } from './support/rows.ts';
import { createSite } from './support/site.ts';
import { assertAllArrived, KINDS, made } from './support/verdict.ts';

/** Shapes of a host besides one main thread; each member makes 1,000 of every kind. */
const SHAPES = [
  { does: 'thread', says: 'worker_threads', members: 2 },
  { does: 'fork', says: 'child_process.fork', members: 2 },
  { does: 'threadThatExits', says: 'a worker thread that calls process.exit()', members: 2 },
  { does: 'cluster', says: 'cluster with two workers', members: 3 },
];

describe('host shapes', { concurrency: 2 }, () => {
  for (const { row, format } of inFormats(SHAPES)) {
    it(`L1: ${row.says}: everything arrives, and every member's ledger balances (${format})`, async (t) => {
      const site = await createSite(t);
      // Else the tracer makes a span of its own of each fork.
      const env = { DD_TRACE_DISABLED_INSTRUMENTATIONS: 'child_process' };
      const { code, signal, stderr } = await site.run(`app.${format}`, [row.does], { env });
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
      const { processes, closedProcesses } = await site.ledger();
      assert.equal(processes.length + closedProcesses, row.members);
      for (const { ledger, state } of processes) {
        assert.equal(state, 'clean');
        for (const kind of KINDS) {
          const { created, lost, unaccounted } = ledger[kind];
          assert.deepEqual(
            { created, lost, unaccounted },
            { created: made(1000)[kind], lost: {}, unaccounted: 0 },
            kind,
          );
        }
      }
      await site.replay();
      await assertAllArrived(site, made(1000 * row.members));
    });
  }
});
