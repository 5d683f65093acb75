import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Custody } from '../../src/contracts/custody.ts';
import { contentRule } from '../../src/pipeline/content.ts';
import { createEvaluations } from '../../src/pipeline/evaluations.ts';
import { createSink } from '../../src/pipeline/sink.ts';
import { createSignalGuard } from '../../src/pipeline/tag-guard.ts';
import { loadSettings } from '../../src/settings/load.ts';

const { settings } = loadSettings({ env: { DD_SERVICE: 'app', DD_LLMOBS_ML_APP: 'app' } });

/** Preambles of an evaluation that dd-trace made and of one of our own. */
function preambles(entity: () => Readonly<Record<string, string>>): string[] {
  const taken: string[] = [];
  const custody: Custody = {
    created: () => undefined,
    ended: () => undefined,
    commit: () => undefined,
    take: (_kind, _body, _count, _flags, preamble = '') => taken.push(preamble) > 0,
  };
  const guard = createSignalGuard(settings);
  const sink = createSink({ custody, content: contentRule(settings), guard, tracerVersion: '6', entity });
  sink.evaluation({ label: 'quality', metric_type: 'score', score_value: 1 });
  const evaluations = createEvaluations({ settings, custody, slot: { current: undefined }, guard, entity });
  const span = { traceId: '1', spanId: '2' };
  const input = { span, label: 'quality', metricType: 'score', value: 1 } as const;
  assert.ok(evaluations.submit(input, preambles));
  return taken;
}

test('both kinds of evaluation say of which container they are, in the same words: one batch takes both', () => {
  const headers = { 'Datadog-Entity-ID': 'ci-1', 'Datadog-Container-Id': '1' };
  const said = JSON.stringify({ headers });
  assert.deepEqual(
    preambles(() => headers),
    [said, said],
  );
});

test('outside of a container an evaluation says nothing', () => {
  assert.deepEqual(
    preambles(() => ({})),
    ['', ''],
  );
});
