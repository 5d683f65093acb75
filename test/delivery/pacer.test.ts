import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Pacer, systemSleep } from '../../src/delivery/pacer.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('real pauses end by time or by abort, and leave neither timer nor listener', async () => {
  const before = timers();
  const stop = new AbortController();
  await systemSleep(1, stop.signal);
  const long = systemSleep(60_000, stop.signal);
  assert.equal(timers(), before + 1);
  stop.abort();
  await long;
  await systemSleep(60_000, stop.signal);
  assert.equal(timers(), before);
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
});

test('a pacer leaves no listener behind, however its pauses end', async () => {
  const stop = new AbortController();
  const pacer = new Pacer(systemSleep, stop.signal);
  await pacer.wait(1);
  await pacer.until(Promise.resolve());
  const long = pacer.wait(60_000);
  assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
  pacer.hurry();
  await long;
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
  const last = pacer.until(new Promise(() => undefined));
  stop.abort();
  await last;
  await pacer.wait(60_000);
});
