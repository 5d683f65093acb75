import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readJournalLedger } from '../../src/pipeline/ledger-view.ts';
import { startOtlpReceiver, type Manner, type OtlpReceiver } from './receiver.ts';
import { runFixture, withJournal } from './support.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const COUNT = 1000;

interface Case {
  readonly way: string;
  readonly manner?: Manner;
  /** Whether everything has arrived when the process has ended. */
  readonly atOnce: boolean;
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  readonly full?: true;
}

const CASES: readonly Case[] = [
  { way: 'natural', atOnce: true },
  { way: 'exit', atOnce: false },
  { way: 'sigterm', atOnce: true },
  { way: 'own-handler', atOnce: true, code: 7, full: true },
  { way: 'sigkill', atOnce: false, signal: 'SIGKILL' },
  { way: 'natural', manner: 503, atOnce: false, full: true },
  { way: 'sigterm', manner: 503, atOnce: false, full: true },
  { way: 'shutdown', manner: 'hang', atOnce: false },
  { way: 'shutdown', manner: 503, atOnce: false, full: true },
  { way: 'shutdown', manner: 403, atOnce: false, full: true },
  { way: 'flush', atOnce: true, full: true },
];

const expected = Array.from({ length: COUNT }, (_, i) => `span ${i}`).sort();
const unique = (receiver: OtlpReceiver) => [...new Set(receiver.names)].sort();

// Each waits for processes most of the time.
describe('custody of OpenTelemetry spans at the end of a process', { concurrency: 3 }, () => {
  for (const { way, manner = 'up', atOnce, code = 0, signal } of CASES.filter(
    (c) => FULL || c.full !== true,
  )) {
    test(`${COUNT} of ${COUNT}: ${way}, receiver ${manner}`, { timeout: 120_000 }, () =>
      withJournal(async (journal) => {
        const receiver = await startOtlpReceiver();
        try {
          receiver.manner = manner;
          const ended = await runFixture('exits.mjs', ['custody', way, `${COUNT}`, receiver.url], journal);
          assert.equal(ended.signal, signal ?? null, ended.stderr);
          if (signal === undefined) assert.equal(ended.code, code, ended.stderr);
          if (atOnce) assert.deepEqual(unique(receiver), expected);
          else {
            // Created and held, by the files alone, before anybody delivers.
            const { ledger } = readJournalLedger(join(journal, 'otlp', 'test'));
            const { created, pending, delivered, unaccounted, lost } = ledger.llmSpans;
            assert.deepEqual(
              { created, held: pending + delivered, unaccounted, lost },
              {
                created: COUNT,
                held: COUNT,
                unaccounted: 0,
                lost: {},
              },
            );
            receiver.manner = 'up';
            await runFixture('exits.mjs', ['custody', 'flush-all', '0', receiver.url], journal);
            assert.deepEqual(unique(receiver), expected);
          }
          // A 2xx that came in the process's last instant is not written down, and is asked for once more.
          const after = readJournalLedger(join(journal, 'otlp', 'test')).ledger.llmSpans;
          assert.deepEqual(
            [after.created, after.delivered + after.pending, after.unaccounted],
            [COUNT, COUNT, 0],
          );
        } finally {
          await receiver.close();
        }
      }),
    );
  }

  test('a receiver that is down does not hold up the end of the process', { timeout: 120_000 }, () =>
    withJournal(async (journal) => {
      const receiver = await startOtlpReceiver();
      const { url } = receiver;
      await receiver.close();
      const ended = await runFixture('exits.mjs', ['custody', 'settled-shutdown', '100', url], journal);
      assert.equal(ended.code, 0, ended.stderr);
      const { ledger } = readJournalLedger(join(journal, 'otlp', 'test'));
      assert.deepEqual([ledger.llmSpans.created, ledger.llmSpans.pending], [100, 100]);
      // Said here, gated where the machine is idle (bench case otlp-shutdown): a timed assertion has no place in a test.
      assert.match(ended.stdout, /"shutdownMs":/);
    }),
  );

  test('a burst: all of it where BatchSpanProcessor gives up most', { timeout: 240_000 }, () =>
    withJournal(async (journal) => {
      const count = FULL ? 20_000 : 6000;
      const custody = await startOtlpReceiver();
      const batch = await startOtlpReceiver();
      try {
        await runFixture('exits.mjs', ['custody', 'flush', `${count}`, custody.url], journal);
        await runFixture('exits.mjs', ['batch', 'flush', `${count}`, batch.url], journal);
        assert.equal(new Set(custody.names).size, count);
        // The bare run beside it: it is the reason for all this, so it must be seen to lose.
        assert.ok(
          batch.names.length < count,
          `BatchSpanProcessor delivered ${batch.names.length} of ${count}`,
        );
      } finally {
        await custody.close();
        await batch.close();
      }
    }),
  );
});
