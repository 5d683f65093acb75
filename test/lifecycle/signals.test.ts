import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start } from './child.ts';

const PHASES = ['announce', 'flush', 'consumers', 'producers', 'pools', 'flush', 'deliver'];

test('SIGTERM without a handler: all phases in order, exit 0', async (t) => {
  const child = start(t, 'no-handler.ts');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { code, lines } = await child.ended;
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(0, 7), PHASES);
  assert.match(lines[7] ?? '', /^record SIGTERM announce=ok,custody=ok,consumers=ok,/);
  assert.deepEqual(lines.slice(8), ['drain']);
});

test('SIGINT is 130 and SIGTERM 143 by option, with the same phases', async (t) => {
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const child = start(t, 'no-handler.ts', 'signal');
    await child.says(/^up/);
    child.kill(signal);
    const { code, lines } = await child.ended;
    assert.equal(code, expected);
    assert.deepEqual(lines.slice(0, 7), PHASES);
  }
});

for (const phase of ['announce', 'consumers', 'producers', 'pools', 'all']) {
  test(`a close that hangs in ${phase} ends inside the budget, and the next phase runs`, async (t) => {
    const child = start(t, 'hanging.ts', phase);
    await child.says(/^up/);
    child.kill('SIGTERM');
    const { code, lines, tookMs } = await child.ended;
    assert.equal(code, 0);
    assert.deepEqual(lines.slice(0, 7), PHASES);
    const hung = [...(lines[7] ?? '').matchAll(/(\w+)=timeout/g)].map((match) => match[1]);
    assert.deepEqual(hung, phase === 'all' ? ['announce', 'consumers', 'producers', 'pools'] : [phase]);
    assert.ok(tookMs >= 290 && tookMs < 3_000, `${tookMs} ms`);
  });
}

test('the application’s handler exits 7 at once: 7 is kept and everything is drained', async (t) => {
  const child = start(t, 'own-handler.ts', 'at-once');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { code, lines } = await child.ended;
  assert.equal(code, 7);
  assert.ok(lines.includes('drain'));
  assert.equal(lines.filter((line) => line.startsWith('record SIGTERM')).length, 1);
});

test('the application’s handler exits 7 later: the phases have run beside it', async (t) => {
  const child = start(t, 'own-handler.ts', 'later');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { code, lines } = await child.ended;
  assert.equal(code, 7);
  assert.ok(lines.includes('application handler'));
  assert.ok(lines.includes('deliver'));
  assert.equal(lines.at(-1), 'drain');
});

test('the application ends naturally with 7: nothing of ours holds it up', async (t) => {
  const child = start(t, 'own-handler.ts', 'natural');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { code, lines, tookMs } = await child.ended;
  assert.equal(code, 7);
  assert.ok(lines.includes('deliver'));
  assert.ok(tookMs < 1_900, `${tookMs} ms`);
});

for (const mode of ['never', 'once-before']) {
  test(`a handler that never exits (${mode}): stepped in 2 s after the last phase`, async (t) => {
    const child = start(t, 'own-handler.ts', mode);
    await child.says(/^up/);
    child.kill('SIGTERM');
    const { code, lines, tookMs } = await child.ended;
    assert.equal(code, 0);
    assert.ok(lines.includes('application handler'));
    assert.ok(tookMs >= 1_950 && tookMs < 6_000, `${tookMs} ms`);
  });
}

test('a handler that was removed again does not count', async (t) => {
  const child = start(t, 'own-handler.ts', 'removed');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { code, lines, tookMs } = await child.ended;
  assert.equal(code, 0);
  assert.ok(!lines.includes('application handler'));
  assert.ok(tookMs < 1_900, `${tookMs} ms`);
});

for (const second of ['SIGTERM', 'SIGINT'] as const) {
  test(`a second signal, ${second}, drains and exits at once`, async (t) => {
    const child = start(t, 'slow-phase.ts');
    await child.says(/^up/);
    child.kill('SIGTERM');
    await child.says(/closing/);
    child.kill(second);
    const { code, lines, tookMs } = await child.ended;
    assert.equal(code, second === 'SIGTERM' ? 143 : 130);
    assert.deepEqual(lines.slice(0, 3), ['flush', 'consumers', 'drain']);
    assert.match(lines.at(-1) ?? '', /^record SIGTERM custody=ok$/);
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
  });
}

test('a handler that takes itself away and raises the signal again (NestJS, signal-exit): the phases finish, then 143', async (t) => {
  const child = start(t, 'own-handler.ts', 'raises-again');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { code, lines, tookMs } = await child.ended;
  assert.equal(code, 143);
  assert.ok(lines.includes('slow step done'), lines.join());
  assert.ok(lines.includes('deliver'));
  assert.equal(lines.at(-1), 'drain');
  assert.ok(tookMs < 1_900, `${tookMs} ms`);
});

test('uninstalled, the signal has its default action', async (t) => {
  const child = start(t, 'uninstalled.ts');
  await child.says(/^up/);
  child.kill('SIGTERM');
  const { signal, lines } = await child.ended;
  assert.equal(signal, 'SIGTERM');
  assert.deepEqual(lines, []);
});
