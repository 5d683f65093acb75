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
  return { guard, said, pass: (ms: number) => void (nowMs += ms) };
}

test('600 steady UUIDs on one tag: 500 stay tags, every one of the others is demoted, again and again', () => {
  const { guard, said } = createGuard();
  const values = Array.from({ length: 600 }, () => randomUUID());
  for (let round = 0; round < 3; round += 1) {
    for (const [index, value] of values.entries()) {
      const expected =
        index < 500
          ? { tags: { trace_key: value }, demoted: undefined }
          : { tags: {}, demoted: { trace_key: value } };
      const { tags, demoted } = guard.guard({ trace_key: value });
      assert.deepEqual({ tags, demoted: demoted && { ...demoted } }, expected);
    }
  }
  assert.deepEqual(guard.counts(), { trace_key: 300 });
  assert.deepEqual(said, ['trace_key: limit']);
});

test('the safe tags of the requirement stay whatever they hold; its high-cardinality ones go at once', () => {
  const { guard, said } = createGuard({ limit: 1 });
  const safe = ['service', 'env', 'version', 'model', 'field_name', 'aggregation_method', 'ml_app'];
  for (let value = 0; value < 10; value += 1) {
    const tags = Object.fromEntries(safe.map((key) => [key, String(value)]));
    assert.equal(guard.guard(tags).tags, tags, 'the same object: nothing was copied');
  }
  for (const key of ['user_id', 'document_id', 'request_id', 'session_id']) {
    assert.deepEqual({ ...guard.guard({ [key]: 'one', env: 'test' }).demoted }, { [key]: 'one' });
    assert.deepEqual(guard.guard({ [key]: 'one', env: 'test' }).tags, { env: 'test' });
  }
  assert.deepEqual(said, ['user_id: named', 'document_id: named', 'request_id: named', 'session_id: named']);
});

test('each key has its own limit: the last accepted and the first refused value', () => {
  const { guard } = createGuard({ limit: 2 });
  for (const key of ['a', 'b']) {
    const kept = ['1', '2', '3', '1'].map((value) => guard.guard({ [key]: value }).demoted === undefined);
    assert.deepEqual(kept, [true, true, false, true]);
  }
});

test('a window later counting begins anew, not a millisecond earlier', () => {
  const { guard, said, pass } = createGuard({ limit: 1, windowMs: 1000 });
  const keeps = (value: string): boolean => guard.guard({ key: value }).demoted === undefined;
  assert.deepEqual([keeps('1'), keeps('2')], [true, false]);
  pass(999);
  assert.equal(keeps('2'), false);
  pass(1);
  assert.deepEqual([keeps('2'), keeps('1')], [true, false]);
  assert.deepEqual(said, ['key: limit'], 'said once, whatever the window');
});

test('keys are bounded: the last one that is counted, and the first that goes to metadata', () => {
  const { guard, said } = createGuard({ maxKeys: 3 });
  const kept = ['a', 'b', 'c', 'd', 'a', 'e'].map((key) => guard.guard({ [key]: '1' }).demoted === undefined);
  assert.deepEqual(kept, [true, true, true, false, true, false]);
  assert.deepEqual(guard.counts(), { '(keys)': 2 });
  assert.deepEqual(said, ['(keys): keys'], 'a thousand keys are one line');
});

test('what is counted by name is bounded, too: over many windows with new keys', () => {
  const { guard, said, pass } = createGuard({ limit: 1, maxKeys: 2, windowMs: 1 });
  for (const key of ['a', 'b', 'c', 'd']) {
    guard.guard({ [key]: '1' });
    guard.guard({ [key]: '2' });
    pass(1);
  }
  assert.deepEqual(guard.counts(), { a: 1, b: 1, '(limit)': 2 });
  assert.equal(said.length, 3);
});

test('values are bounded: a tag of 200 characters is counted, one of 201 goes', () => {
  const { guard } = createGuard();
  assert.equal(guard.guard({ key: 'x'.repeat(196) }).demoted, undefined);
  assert.deepEqual({ ...guard.guard({ key: 'x'.repeat(197) }).demoted }, { key: 'x'.repeat(197) });
  assert.deepEqual(guard.counts(), { '(length)': 1 });
});

test('a list of key:value is guarded alike; what is no key:value stays', () => {
  const { guard } = createGuard({ limit: 1 });
  const same = ['env:test', 'key:a:b', 'alone', ':value'];
  assert.equal(guard.guardList(same).tags, same, 'the same array: nothing was copied');
  const { tags, demoted } = guard.guardList(['env:test', 'key:c', 'alone', 'user_id:7', 'key:a:b', 'key:d']);
  assert.deepEqual(tags, ['env:test', 'alone', 'key:a:b']);
  assert.deepEqual({ ...demoted }, { key: 'c,d', user_id: '7' });
});

test('keys with the names of properties every object has are keys like others', () => {
  const { guard } = createGuard({ limit: 0 });
  const { tags, demoted } = guard.guardList(['constructor:1', '__proto__:2', 'toString:3']);
  assert.deepEqual(tags, []);
  assert.deepEqual(Object.entries(demoted ?? {}), [
    ['constructor', '1'],
    ['__proto__', '2'],
    ['toString', '3'],
  ]);
  assert.deepEqual(Object.keys(guard.guard(JSON.parse('{"__proto__":"2","hasOwnProperty":"4"}')).tags), []);
});
