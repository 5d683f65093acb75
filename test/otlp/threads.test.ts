import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KindLedger } from '../../src/contracts/ledger.ts';
import { startOtlpReceiver } from './receiver.ts';
import { runFixture, withJournal } from './support.ts';

test('each thread of an application sees its own spans delivered', { timeout: 120_000 }, () =>
  withJournal(async (journal) => {
    const receiver = await startOtlpReceiver();
    try {
      const ended = await runFixture('threads.mjs', [receiver.url], journal);
      assert.equal(ended.code, 0, ended.stderr);
      const { main, thread } = JSON.parse(ended.stdout) as Record<'main' | 'thread', KindLedger>;
      for (const { created, delivered, unaccounted } of [main, thread])
        assert.deepEqual([created, delivered, unaccounted], [100, 100, 0]);
      assert.equal(receiver.names.length, 200);
    } finally {
      await receiver.close();
    }
  }),
);
