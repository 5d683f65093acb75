import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTagGuard } from '../../src/tags/guard.ts';
import { guardLabels } from '../../src/tags/labels.ts';

const clock = { now: () => 0, wall: () => 0 };

test('a label has so many values; the next is (other), and the values before it stay', () => {
  const guard = createTagGuard({ clock, limit: 3 });
  const of = (topic: string) => guardLabels({ service: 'shop', topic }, guard);
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'a', 'e'].map((topic) => of(topic)['topic']),
    ['a', 'b', 'c', '(other)', 'a', '(other)'],
  );
  assert.deepEqual(of('x'), { service: 'shop', topic: '(other)' });
  assert.deepEqual(guard.counts(), { topic: 3 });
});

test('labels that name one of a kind are (other) from the first on; what stays is the object that was given', () => {
  const guard = createTagGuard({ clock });
  assert.deepEqual(guardLabels({ user_id: '1', kind: 'spans' }, guard), {
    user_id: '(other)',
    kind: 'spans',
  });
  const labels = { kind: 'spans', reason: 'a:b' };
  assert.equal(guardLabels(labels, guard), labels);
  assert.deepEqual(guardLabels({}, guard), {});
});
