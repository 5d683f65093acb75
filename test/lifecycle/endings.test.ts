import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start } from './child.ts';

const ALL = ['flush', 'pool', 'flush', 'deliver'];

test('a natural exit runs all phases once, then drains', async (t) => {
  const { code, lines } = await start(t, 'ends.ts', 'natural').ended;
  assert.equal(code, 0);
  assert.deepEqual(lines, [...ALL, 'record beforeExit custody=ok,pool=ok,custody=ok,delivery=ok', 'drain']);
});

test('a natural exit keeps its exit code', async (t) => {
  const { code, lines } = await start(t, 'ends.ts', 'code').ended;
  assert.equal(code, 4);
  assert.deepEqual(lines.slice(0, 4), ALL);
});

test('what is made after beforeExit is still drained', async (t) => {
  const { lines } = await start(t, 'ends.ts', 'after').ended;
  assert.ok(lines.indexOf('made later') > lines.indexOf('deliver'));
  assert.equal(lines.at(-1), 'drain');
});

test('process.exit(3) keeps 3, drains and records without steps', async (t) => {
  const { code, lines } = await start(t, 'ends.ts', 'exit').ended;
  assert.equal(code, 3);
  assert.deepEqual(lines, ['drain', 'record exit ']);
});

test('a throw keeps exit code 1 and its stack on stderr', async (t) => {
  const { code, lines, stderr } = await start(t, 'ends.ts', 'throw').ended;
  assert.equal(code, 1);
  assert.match(stderr, /Error: thrown by the application\n\s+at /);
  assert.deepEqual(lines, ['drain', 'record exit ']);
});

test('an unhandled rejection keeps exit code 1 and its stack on stderr', async (t) => {
  const { code, lines, stderr } = await start(t, 'ends.ts', 'reject').ended;
  assert.equal(code, 1);
  assert.match(stderr, /Error: rejected by the application\n\s+at /);
  assert.deepEqual(lines, ['drain', 'record exit ']);
});

test('uninstalled, an exit is none of our business', async (t) => {
  const { code, lines } = await start(t, 'ends.ts', 'uninstalled').ended;
  assert.equal(code, 0);
  assert.deepEqual(lines, []);
});

test('a worker thread that leaves drains, and the process goes on to its own end', async (t) => {
  const { code, lines } = await start(t, 'in-worker.ts', 'exit').ended;
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(0, 4), ['worker installed', 'drain', 'record exit ', 'worker left 5']);
  assert.match(lines[6] ?? '', /^deliver|^record beforeExit/);
});

test('a worker thread that ends naturally runs its phases', async (t) => {
  const { lines } = await start(t, 'in-worker.ts', 'natural').ended;
  const end = lines.indexOf('worker left 0');
  assert.deepEqual(lines.slice(0, end), [
    'worker installed',
    'flush',
    'flush',
    'deliver',
    'record beforeExit custody=ok,custody=ok,delivery=ok',
    'drain',
  ]);
});

test('a signal to a process with a worker runs the phases of the main thread', async (t) => {
  const child = start(t, 'in-worker.ts', 'signal');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { code, lines } = await child.ended;
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(1, 4), ['flush', 'flush', 'deliver']);
  assert.equal(lines.filter((line) => line.startsWith('record SIGTERM')).length, 1);
});
