import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTagGuard } from '../../src/tags/guard.ts';
import { guardEvent, guardMetric } from '../../src/tags/signals.ts';

const create = () => createTagGuard({ limit: 1, clock: { now: () => 0, wall: () => 0 } });

test('an LLM span event: demoted tags are found again in its metadata, everything else as it was', () => {
  const guard = create();
  const event = {
    name: 'chat',
    tags: ['env:test', 'tenant:a'],
    meta: { 'span.kind': 'llm', metadata: { temperature: 0 } },
  };
  assert.equal(guardEvent(event, guard), event, 'nothing to demote: the same event');
  const further = { ...event, tags: ['env:test', 'tenant:b', 'user_id:7'] };
  assert.deepEqual(guardEvent(further, guard), {
    name: 'chat',
    tags: ['env:test'],
    meta: { 'span.kind': 'llm', metadata: { temperature: 0, tenant: 'b', user_id: '7' } },
  });
  assert.deepEqual(further.tags, ['env:test', 'tenant:b', 'user_id:7'], 'what was given is not changed');
  assert.deepEqual(event.meta.metadata, { temperature: 0 });
});

test('an event without metadata, or without meta, gets some', () => {
  const guard = create();
  assert.deepEqual(guardEvent({ tags: ['user_id:7'], meta: {} }, guard)['meta'], {
    metadata: { user_id: '7' },
  });
  assert.deepEqual(guardEvent({ tags: ['user_id:7'] }, guard)['meta'], { metadata: { user_id: '7' } });
});

test('metadata of the application is never overwritten', () => {
  const metadata = { user_id: 'mine', 'tag.user_id': 'mine too' };
  const { metadata: merged } = guardMetric({ tags: ['user_id:7'], metadata }, create());
  assert.deepEqual(merged, { ...metadata, 'tag.tag.user_id': '7' });
  const same = guardMetric({ tags: ['user_id:7'], metadata: { user_id: '7' } }, create());
  assert.deepEqual(same['metadata'], { user_id: '7' }, 'said once is enough');
});

test('an evaluation metric: the same, in its own metadata', () => {
  const metric = { label: 'score', tags: ['ml_app:app', 'request_id:r'] };
  assert.deepEqual(guardMetric(metric, create()), {
    label: 'score',
    tags: ['ml_app:app'],
    metadata: { request_id: 'r' },
  });
});

test('a tag called __proto__ stays data', () => {
  const guard = create();
  guard.guard(['__proto__:a']);
  const { metadata } = guardMetric({ tags: ['__proto__:b'] }, guard) as { metadata: object };
  assert.deepEqual(Object.entries(metadata), [['__proto__', 'b']]);
  assert.equal(Object.getPrototypeOf(metadata), Object.prototype);
});

test('tags of another shape are not ours to touch', () => {
  for (const tags of [undefined, null, 'user_id:7', { 0: 'user_id:7' }, [7, { user_id: 7 }]]) {
    const metric = { tags };
    assert.equal(guardMetric(metric, create()), metric);
  }
});
