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

/** A resource that stops with the consumers and closes with the producers. */
function twoSteps(said: string[], first: () => void = () => undefined) {
  return bench({
    adapters: [
      (resource) =>
        resource instanceof Plain
          ? {
              phase: 'consumers',
              name: 'stopping',
              close: () => {
                said.push('stop');
                first();
              },
              afterwards: { phase: 'producers', name: 'closing', close: () => void said.push('close') },
            }
          : undefined,
    ],
  });
}

test('a resource may have two steps, the second in a later phase, also when the first fails', async () => {
  for (const fail of [false, true]) {
    const said: string[] = [];
    const { lifecycle } = twoSteps(said, () => {
      if (fail) throw new Error('cannot stop');
    });
    lifecycle.onShutdown('consumers', 'other', async () => void said.push('other consumer'));
    lifecycle.manage(new Plain());
    const { steps } = await lifecycle.shutdown();
    assert.deepEqual(said, ['other consumer', 'stop', 'close']);
    assert.deepEqual(
      steps
        .filter(({ name }) => name.endsWith('ing'))
        .map(({ phase, name, outcome }) => [phase, name, outcome]),
      [
        ['consumers', 'stopping', fail ? 'failed' : 'ok'],
        ['producers', 'closing', 'ok'],
      ],
    );
  }
});

test('a phase that the application names holds for both steps, in turn', async () => {
  const said: string[] = [];
  const { lifecycle } = twoSteps(said, () => {
    throw new Error('cannot stop');
  });
  lifecycle.manage(new Plain(), { phase: 'pools', name: 'mine' });
  const { steps } = await lifecycle.shutdown();
  assert.deepEqual(said, ['stop', 'close']);
  assert.deepEqual(
    steps.filter(({ name }) => name === 'mine').map(({ phase, outcome }) => [phase, outcome]),
    [['pools', 'failed']],
  );
});

test('of an array or a plain object each resource is managed, by itself; cycles end', async () => {
  const { lifecycle, warnings } = bench();
  const [a, b, c] = [new Plain(), new Plain(), new Plain()];
  const several: Record<string, unknown> = { a, nested: [b], label: 'text' };
  several['self'] = several;
  assert.equal(lifecycle.manage(several, { name: 'all' }), several);
  lifecycle.manage([c, a]);
  const { steps } = await lifecycle.shutdown();
  assert.deepEqual([a.closed, b.closed, c.closed], [1, 1, 1]);
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    steps
      .map(({ name }) => name)
      .filter((name) => /^(?:all|Plain)/.test(name))
      .toSorted(),
    ['Plain', 'all a', 'all nested 0'],
  );
});
