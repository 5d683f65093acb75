import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasMethods } from '../../src/bridges/shape.ts';
import { closeOr, waitUntil } from '../../src/bridges/waiting.ts';

const { signal } = new AbortController();

test('it waits for a condition, and no longer than its bounds', async () => {
  assert.equal(
    await waitUntil(() => true, { signal: AbortSignal.abort() }),
    true,
    'what holds is not waited for',
  );
  let looks = 0;
  assert.equal(await waitUntil(() => ++looks === 3, { signal }), true);
  assert.equal(await waitUntil(() => false, { signal, limitMs: 30 }), false);
  assert.equal(await waitUntil(() => false, { signal: AbortSignal.abort() }), false);
});

test('a condition that cannot be asked any longer is an error, not a wait', async () => {
  let looks = 0;
  const gone = (): boolean => {
    if (++looks > 1) throw new Error('gone');
    return false;
  };
  await assert.rejects(waitUntil(gone, { signal }), /gone/);
  assert.equal(looks, 2);
});

test('a close that hangs is followed by the abrupt one when its time is over', async () => {
  const controller = new AbortController();
  const said: string[] = [];
  const hanging = closeOr(
    () => new Promise(() => undefined),
    () => said.push('abrupt'),
    controller.signal,
  );
  assert.deepEqual(said, []);
  controller.abort(new Error('time is up'));
  await assert.rejects(hanging, /time is up/);
  assert.deepEqual(said, ['abrupt']);
});

test('a close that ends or fails in time is not followed by anything', async () => {
  const said: string[] = [];
  const abrupt = (): unknown => said.push('abrupt');
  await closeOr(async () => undefined, abrupt, signal);
  await assert.rejects(
    closeOr(() => Promise.reject(new Error('refused')), abrupt, signal),
    /refused/,
  );
  assert.deepEqual(said, []);
});

test('methods are looked for on objects and functions', () => {
  const callable = Object.assign(() => undefined, { close() {} });
  assert.equal(hasMethods(callable, ['close']), true);
  assert.equal(hasMethods({ close: 1 }, ['close']), false);
  for (const other of [null, undefined, 'x', 7]) assert.equal(hasMethods(other, []), false);
});
