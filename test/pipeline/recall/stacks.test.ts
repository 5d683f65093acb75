import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Health } from '../../../src/pipeline/session-types.ts';
import { lookAtQueue } from '../../../src/pipeline/recall/backfill.ts';
import { loadSettings } from '../../../src/settings/load.ts';
import { decodeTraceRequest } from '../../../src/wire/otlp/protobuf.ts';
import { startOtlpReceiver } from '../../otlp/receiver.ts';
import { runFixture, withJournal } from '../../otlp/support.ts';

const LIMITS = { maxItems: 10_000, maxContainers: 100_000, maxDepth: 32, maxValues: 1_000_000 };
/** From the fixtures of `test/otlp`, where the runner looks. */
const own = (name: string): string => `../../pipeline/recall/fixtures/${name}`;

interface Said {
  readonly ofLost: { readonly decision: string; readonly submitted: boolean };
  readonly decisions: readonly string[];
  readonly ids: readonly string[];
  readonly evaluation: NonNullable<Health['evaluation']>;
}

describe('hybrid recall by stack', { concurrency: 2 }, () => {
  it('otlp: verdicts go out as gen_ai.evaluation.result of the span that was judged, unless it was lost', async () => {
    await withJournal(async (journal) => {
      const receiver = await startOtlpReceiver();
      try {
        const ended = await runFixture(own('otlp.mjs'), [receiver.url], journal, {
          KEEPSPAN_RECALL_AUDIT_RATE: '0',
        });
        assert.equal(ended.code, 0, ended.stderr);
        const { ofLost, decisions, ids, evaluation } = JSON.parse(ended.stdout) as Said;
        assert.deepEqual(decisions, ['heuristic', 'judge', 'judge']);
        assert.deepEqual(
          [evaluation.requests, evaluation.waiting, evaluation.needed],
          [4, 0, { below_threshold: 1, no_score: 1 }],
        );
        assert.deepEqual([ofLost.decision, ofLost.submitted, evaluation.heldBack], ['heuristic', false, 1]);
        const spans = receiver.requests
          .filter(({ path }) => path === '/v1/traces')
          .flatMap(({ body }) => decodeTraceRequest(body, LIMITS).items);
        const asked = new Set(spans.filter(({ name }) => name.endsWith('ask')).map(({ spanId }) => spanId));
        assert.equal(asked.size, 3);
        const results = spans
          .filter(({ name }) => name === 'evaluation context_recall')
          .map(({ parentId, detail }) => {
            const { events } = JSON.parse(detail) as {
              events: { name: string; attributes: Record<string, unknown> }[];
            };
            return { parentId, ...events[0]! };
          });
        assert.deepEqual(new Set(results.map(({ parentId }) => parentId)), asked);
        assert.deepEqual(new Set(results.map(({ name }) => name)), new Set(['gen_ai.evaluation.result']));
        const labels = results.map(({ attributes }) => attributes['gen_ai.evaluation.score.label']);
        assert.deepEqual(labels.filter((label) => label === 'fail').length, 2);
        assert.ok(labels.includes('pass'));
        const said = results.map(
          ({ attributes }) =>
            (JSON.parse(String(attributes['keepspan.evaluation.metadata'])) as Record<string, unknown>)[
              'keepspan.recall_id'
            ],
        );
        assert.deepEqual(new Set(said), new Set(ids));
        // The judge's calls are spans, too.
        assert.equal(spans.filter(({ name }) => name.includes('judge.context_recall')).length, 2);
        // Where a command finds it.
        const [endpoint] = readdirSync(join(journal, 'otlp'));
        const { settings } = loadSettings({ env: {} });
        const state = lookAtQueue(join(journal, 'otlp', endpoint!), settings);
        assert.deepEqual([state?.summary.requests, state?.waiting], [4, {}]);
      } finally {
        await receiver.close();
      }
    });
  });

  it('L10: off means a handle that says so, no thread, no timer, no file', async () => {
    await withJournal(async (journal) => {
      const { code, stdout, stderr } = await runFixture(own('disabled.mjs'), [], journal, {
        KEEPSPAN_JUDGE_URL: 'http://127.0.0.1:9/v1',
        KEEPSPAN_JUDGE_MODEL: 'm',
      });
      assert.equal(code, 0, stderr);
      const { outcome, id, workers, active } = JSON.parse(stdout) as {
        outcome: object;
        id: string;
        workers: number;
        active: string[];
      };
      assert.deepEqual([outcome, id, workers], [{ decision: 'disabled' }, '', 0]);
      assert.deepEqual(
        active.filter((name) => !/^(?:PipeWrap|TTYWrap|FSReqCallback|Immediate)/.test(name)),
        [],
      );
      assert.ok(!existsSync(journal));
    });
  });
});
