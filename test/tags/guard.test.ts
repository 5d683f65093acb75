import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createTagGuard, type TagGuardOptions } from '../../src/tags/guard.ts';

function createGuard(options: Omit<TagGuardOptions, 'clock' | 'onDemoted'> = {}) {
  let nowMs = 0;
  const said: string[] = [];
  const guard = createTagGuard({
    ...options,
    clock: { now: () => nowMs, wall: () => 0 },
    onDemoted: (key, reason) => void said.push(`${key}: ${reason}`),
  });
  return {
    guard: (...tags: unknown[]) => {
      const { tags: kept, demoted } = guard.guard(tags);
      return { kept, demoted: demoted && { ...demoted } };
    },
    /** Whether a single tag stays one. */
    keeps: (tag: string) => guard.guard([tag]).demoted === undefined,
    isSame: (tags: readonly unknown[]) => guard.guard(tags).tags === tags,
    counts: () => guard.counts(),
    said,
    pass: (ms: number) => void (nowMs += ms),
  };
}

test('600 steady UUIDs on one tag: 500 stay tags, every one of the others is demoted, again and again', () => {
  const { guard, counts, said } = createGuard();
  const values = Array.from({ length: 600 }, () => randomUUID());
  for (let round = 0; round < 3; round += 1) {
    for (const [index, value] of values.entries()) {
      const stays = { kept: [`trace_key:${value}`], demoted: undefined };
      const goes = { kept: [], demoted: { trace_key: value } };
      assert.deepEqual(guard(`trace_key:${value}`), index < 500 ? stays : goes);
    }
  }
  assert.deepEqual(counts(), { trace_key: 300 });
  assert.deepEqual(said, ['trace_key: limit']);
});

test('the safe tags of the requirement stay whatever they hold; its high-cardinality ones go at once', () => {
  const { guard, isSame, said } = createGuard({ limit: 1 });
  const safe = ['service', 'env', 'version', 'model', 'field_name', 'aggregation_method', 'ml_app'];
  for (let value = 0; value < 10; value += 1) {
    assert.ok(isSame(safe.map((key) => `${key}:${value}`)), 'the same list: nothing was copied');
  }
  assert.ok(isSame([`model:${'x'.repeat(300)}`]));
  for (const key of ['user_id', 'document_id', 'request_id', 'session_id']) {
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(guard(`${key}:one`, 'env:test'), { kept: ['env:test'], demoted: { [key]: 'one' } });
    }
  }
  assert.deepEqual(said, ['user_id: named', 'document_id: named', 'request_id: named', 'session_id: named']);
});

test('each key has its own limit: the last accepted and the first refused value', () => {
  const { keeps } = createGuard({ limit: 2 });
  for (const key of ['a', 'b']) {
    assert.deepEqual(
      ['1', '2', '3', '1'].map((value) => keeps(`${key}:${value}`)),
      [true, true, false, true],
    );
  }
});

test('a window later counting begins anew, not a millisecond earlier', () => {
  const { keeps, said, pass } = createGuard({ limit: 1, windowMs: 1000 });
  assert.deepEqual([keeps('key:1'), keeps('key:2')], [true, false]);
  pass(999);
  assert.equal(keeps('key:2'), false);
  pass(1);
  assert.deepEqual([keeps('key:2'), keeps('key:1')], [true, false]);
  assert.deepEqual(said, ['key: limit'], 'said once, whatever the window');
});

test('keys are bounded: the last one that is counted, and the first that goes to metadata; safe ones are no part of it', () => {
  const { keeps, counts, said, pass } = createGuard({ maxKeys: 3, windowMs: 1000 });
  assert.ok(keeps('env:test') && keeps('service:app'));
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'a', 'e'].map((key) => keeps(`${key}:1`)),
    [true, true, true, false, true, false],
  );
  assert.deepEqual(counts(), { '(keys)': 2 });
  assert.deepEqual(said, ['(keys): keys'], 'a thousand keys are one line');
  pass(1000);
  assert.ok(keeps('d:1'), 'a new window counts other keys');
});

test('what is counted by name is bounded, too: over many windows with new keys', () => {
  const { keeps, counts, said, pass } = createGuard({ limit: 1, maxKeys: 2, windowMs: 1 });
  for (const key of ['a', 'b', 'c', 'd']) {
    keeps(`${key}:1`);
    keeps(`${key}:2`);
    pass(1);
  }
  assert.deepEqual(counts(), { a: 1, b: 1, '(limit)': 2 });
  assert.equal(said.length, 3);
});

test('values are bounded: a tag of 200 characters is counted, one of 201 goes', () => {
  const { guard, counts } = createGuard();
  assert.equal(guard(`key:${'x'.repeat(196)}`).demoted, undefined);
  assert.deepEqual(guard(`key:${'x'.repeat(197)}`).demoted, { key: 'x'.repeat(197) });
  assert.deepEqual(counts(), { '(length)': 1 });
});

test('what stays keeps its order; what is no key:value stays; values of one key are demoted together', () => {
  const { guard, isSame } = createGuard({ limit: 1 });
  assert.ok(isSame(['env:test', 'key:a:b', 'alone', ':value', 7, null]));
  assert.deepEqual(guard('env:test', 'key:c', 'alone', 'user_id:7', 'key:a:b', 'key:d', 7), {
    kept: ['env:test', 'alone', 'key:a:b', 7],
    demoted: { key: 'c,d', user_id: '7' },
  });
});

test('keys with the names of properties every object has are keys like others', () => {
  const { guard } = createGuard({ limit: 0 });
  const { kept, demoted } = guard('constructor:1', 'toString:3');
  assert.deepEqual(kept, []);
  assert.deepEqual(Object.entries(demoted ?? {}), [
    ['constructor', '1'],
    ['toString', '3'],
  ]);
});
