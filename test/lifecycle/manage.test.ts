import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourcePhase } from '../../src/contracts/lifecycle.ts';
import { createRegistry, MAX_STEPS } from '../../src/lifecycle/registry.ts';
import { bench } from './support.ts';

class Plain {
  closed = 0;
  async close(): Promise<void> {
    this.closed++;
  }
}

test('manage returns the resource and closes it once, however often it is managed', async () => {
  const { lifecycle } = bench();
  const resource = new Plain();
  assert.equal(lifecycle.manage(resource), resource);
  lifecycle.manage(resource, { phase: 'consumers' });
  const { steps } = await lifecycle.shutdown();
  assert.equal(resource.closed, 1);
  assert.deepEqual(
    steps.filter((step) => step.name === 'Plain').map((step) => step.phase),
    ['pools'],
  );
});

test('phase and name override what was recognised', async () => {
  const { lifecycle } = bench();
  lifecycle.manage(new Plain(), { phase: 'consumers', name: 'orders' });
  const { steps } = await lifecycle.shutdown();
  assert.ok(steps.some((step) => step.phase === 'consumers' && step.name === 'orders'));
});

test('an adapter of the bridges goes before the generic recognition', async () => {
  const { lifecycle, events } = bench({
    adapters: [
      () => undefined,
      (resource) =>
        resource instanceof Plain
          ? { phase: 'producers', name: 'mine', close: () => void events.push('mine') }
          : undefined,
    ],
  });
  const resource = lifecycle.manage(new Plain());
  await lifecycle.shutdown();
  assert.ok(events.includes('mine'));
  assert.equal(resource.closed, 0);
});

test('what is not recognised is one warning with its code, and nothing thrown', () => {
  const texts: string[] = [];
  const { lifecycle } = bench({ warn: (code, message) => void texts.push(`${code} ${message}`) });
  const stranger = { hello: 1 };
  lifecycle.manage(stranger);
  lifecycle.manage(stranger);
  assert.equal(texts.length, 1);
  assert.match(texts[0] ?? '', /^KS-LIFECYCLE-001 .*onShutdown\(/);
  for (const value of [undefined, null, 7, 'text']) assert.equal(lifecycle.manage(value), value);
  assert.equal(texts.length, 5);
});

test('a resource that cannot be looked at is a stranger, not an exception', () => {
  const { lifecycle, warnings } = bench();
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('do not touch');
      },
    },
  );
  assert.equal(lifecycle.manage(hostile), hostile);
  assert.deepEqual(warnings, ['KS-LIFECYCLE-004', 'KS-LIFECYCLE-001']);
});

test('bad arguments are warnings', async () => {
  const { lifecycle, warnings } = bench();
  lifecycle.onShutdown('flush' as ResourcePhase, 'x', () => undefined);
  lifecycle.onShutdown('pools', 'x', undefined as unknown as () => void);
  lifecycle.onShutdown('pools', 'x', () => undefined, { timeoutMs: Number.NaN });
  lifecycle.manage(new Plain(), { phase: 'later' as ResourcePhase });
  assert.deepEqual(
    warnings,
    Array.from({ length: 4 }, () => 'KS-LIFECYCLE-004'),
  );
  const { steps } = await lifecycle.shutdown();
  assert.ok(steps.some((step) => step.phase === 'pools' && step.name === 'Plain'));
});

test('a step can be taken back', async () => {
  const { lifecycle, events } = bench();
  const remove = lifecycle.onShutdown('pools', 'gone', () => void events.push('gone'));
  remove();
  remove();
  await lifecycle.shutdown();
  assert.ok(!events.includes('gone'));
});

test('the registry is bounded: the last accepted, the first refused, room again after a removal', () => {
  const { lifecycle, warnings } = bench();
  const removers = Array.from({ length: MAX_STEPS }, () =>
    lifecycle.onShutdown('pools', 'x', () => undefined),
  );
  assert.deepEqual(warnings, []);
  lifecycle.onShutdown('pools', 'one more', () => undefined);
  assert.deepEqual(warnings, ['KS-LIFECYCLE-003']);
  removers[0]?.();
  lifecycle.onShutdown('pools', 'fits', () => undefined);
  assert.equal(warnings.length, 1);
});

test('a closed registry keeps nothing', () => {
  const registry = createRegistry(2);
  registry.add({ phase: 'pools', name: 'a', close: () => undefined });
  registry.close();
  assert.equal(registry.waiting('pools').length, 0);
  assert.equal(registry.add({ phase: 'pools', name: 'b', close: () => undefined }), 'late');
});

test('a watch begins when the resource is managed and ends with uninstall', () => {
  let watching = 0;
  const watch = (): (() => void) => {
    watching++;
    return () => watching--;
  };
  const { lifecycle } = bench({
    adapters: [() => ({ phase: 'pools', name: 'watched', close: () => undefined, watch })],
  });
  lifecycle.manage(new Plain());
  assert.equal(watching, 1);
  lifecycle.uninstall();
  assert.equal(watching, 0);
});
