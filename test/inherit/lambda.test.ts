import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Agent } from '../e2e/support/agent.ts';
import { recordsOf } from '../e2e/support/site.ts';
import { createFunction } from './support/function.ts';

/** Different ones of each kind that arrived. */
function arrived(agent: Agent): Record<string, number> {
  const { spans, llmSpans, evaluations } = agent.arrivals.counts();
  return { spans: spans.unique, llmSpans: llmSpans.unique, evaluations: evaluations.unique };
}

/** A workflow and its model call are two spans in either stream. */
const of = (count: number) => ({ spans: 2 * count, llmSpans: 2 * count, evaluations: count });

describe('a function of AWS Lambda, frozen between its invocations', () => {
  it('delivers everything of an invocation before it answers, without a thread; nothing is lost with the sandbox', async (t) => {
    const { site, sandbox, start, invoke } = await createFunction(t, 'handler');
    const child = start();
    let total = 0;
    for (const count of [20, 1, 7]) {
      let atAnswer: Record<string, number> | undefined;
      const { outcome, body } = await invoke({ count }, { answered: () => (atAnswer = arrived(site.agent)) });
      total += count;
      assert.equal(outcome, 'response', body);
      assert.deepEqual(atAnswer, of(total));
      const { workers, created } = JSON.parse(body) as { workers: number; created: number };
      assert.deepEqual({ workers, created }, { workers: 0, created: 2 * total });
    }
    assert.equal(sandbox.freezes(), 4);
    // Reclaimed: Lambda says nothing to a frozen process.
    child.process.kill('SIGKILL');
    const { stderr, stdout } = await child.ended;
    assert.equal(stdout, '');
    const [record] = recordsOf(stderr, 'observability_initialized');
    assert.equal(record?.['delivery'], 'process', stderr);
    assert.deepEqual(arrived(site.agent), of(total));
    assert.deepEqual(site.agent.arrivals.errors(), []);
  });

  it('the error of a handler is its answer, and its spans are delivered before it', async (t) => {
    const { site, start, invoke } = await createFunction(t, 'handler');
    start();
    let atAnswer: Record<string, number> | undefined;
    const event = { count: 3, fail: true };
    const { outcome, body } = await invoke(event, { answered: () => (atAnswer = arrived(site.agent)) });
    assert.deepEqual(
      [outcome, JSON.parse(body)],
      ['error', { errorType: 'RangeError', errorMessage: 'the application failed' }],
    );
    assert.deepEqual(atAnswer, of(3));
  });

  it('a handler with a callback is delivered before its callback', async (t) => {
    const { site, start, invoke } = await createFunction(t, 'called');
    start();
    let atAnswer: Record<string, number> | undefined;
    const { outcome } = await invoke({ count: 2 }, { answered: () => (atAnswer = arrived(site.agent)) });
    assert.equal(outcome, 'response');
    assert.deepEqual(atAnswer, of(2));
  });

  it('an upstream that is down costs the time it may cost, once; then all of it arrives', async (t) => {
    const { site, start, invoke } = await createFunction(t, 'quick');
    start();
    await invoke({ count: 1 });
    await site.agent.down();
    const first = await invoke({ count: 2 });
    const second = await invoke({ count: 3 });
    assert.deepEqual([first.outcome, second.outcome], ['response', 'response']);
    // Its timeoutMs is 1,000; an invocation after one that delivered nothing makes one attempt.
    assert.ok(first.durationMs >= 900, `the first waited ${first.durationMs} ms`);
    assert.ok(
      second.durationMs < first.durationMs - 200,
      `${second.durationMs} ms after ${first.durationMs} ms`,
    );
    assert.deepEqual(arrived(site.agent), of(1));
    await site.agent.up();
    let last = await invoke({ count: 0 });
    for (let tries = 0; tries < 50 && arrived(site.agent)['spans'] !== of(6)['spans']; tries += 1)
      last = await invoke({ count: 0 });
    assert.equal(last.outcome, 'response');
    assert.deepEqual(arrived(site.agent), of(6));
  });

  it('an upstream that hangs never takes an invocation to its timeout', async (t) => {
    const { site, start, invoke } = await createFunction(t, 'handler');
    start();
    await invoke({ count: 1 });
    site.agent.behave('hang');
    const timeoutMs = 1500;
    const { outcome, durationMs } = await invoke({ count: 2 }, { timeoutMs });
    assert.equal(outcome, 'response');
    assert.ok(durationMs < timeoutMs, `${durationMs} ms`);
  });

  it('killed at its timeout: the runtime that is started in its place delivers what it left', async (t) => {
    const { site, start, invoke } = await createFunction(t, 'stuck');
    await site.agent.down();
    const child = start();
    const stuck = invoke({ count: 4 });
    const refusal = assert.rejects(stuck, /ended in the middle of an invocation/);
    while (!(await holds(site.journal, 4))) await setTimeout(20);
    child.process.kill('SIGKILL');
    await refusal;
    await site.agent.up();
    start();
    for (let tries = 0; tries < 50 && arrived(site.agent)['evaluations'] !== 5; tries += 1)
      assert.equal((await invoke({ count: tries === 0 ? 1 : 0, answer: true })).outcome, 'response');
    const { llmSpans, evaluations } = arrived(site.agent);
    assert.deepEqual({ llmSpans, evaluations }, { llmSpans: 10, evaluations: 5 });
  });
});

/** Whether so many evaluations are written down in the journal. */
async function holds(journal: string, evaluations: number): Promise<boolean> {
  const texts = await Promise.all(
    (await readdir(journal, { recursive: true }).catch(() => []))
      .filter((name) => name.includes('evaluations'))
      .map((name) => readFile(join(journal, name), 'latin1').catch(() => '')),
  );
  return texts.join('').split('"label":"score"').length - 1 >= evaluations;
}
