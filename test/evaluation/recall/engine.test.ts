import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JudgeFailure } from '../../../src/contracts/recall.ts';
import { OPENS_AFTER, FIRST_OPEN_MS } from '../../../src/evaluation/budget/circuit.ts';
import { MAX_CALLS } from '../../../src/evaluation/recall/judge-queue.ts';
import { bench, counted, job, UNBOUNDED } from './fakes.ts';

const failing = (failure: JudgeFailure) => () => Promise.reject(Object.assign(new Error('judge'), failure));

describe('hybrid recall: who decides', () => {
  it('the heuristic alone at or above the threshold', async () => {
    const { engine, offer, events, judges, time } = bench();
    judges.set('judge', () => assert.fail('no judge is needed'));
    offer('w.0', job('0.7'));
    await time.pass(0);
    assert.equal(engine.pending, 0);
    const [event] = events;
    assert.deepEqual(event!.outcome, {
      decision: 'heuristic',
      score: 0.7,
      assessment: 'pass',
      reasoning: 'score 0.7',
      heuristic: (event!.outcome as { heuristic: unknown }).heuristic,
      submitted: true,
    });
    assert.equal(event!.stage, 'done');
    assert.equal(event!.submit!.label, 'context_recall');
    assert.equal(event!.submit!.metricType, 'score');
    assert.deepEqual(event!.submit!.tags, { aggregation_method: 'salient-facts', decision: 'heuristic' });
    assert.deepEqual(event!.record, { score: 0.7, threshold: 0.7 });
  });

  for (const [because, made] of [
    ['below_threshold', job('0.69')],
    ['limit_hit', job('0.9', { limits: { retrievalLimit: 5 } })],
    ['no_score', job('unknown')],
  ] as const) {
    it(`the judge: ${because}`, async () => {
      const { offer, events, judges, time, stages } = bench();
      judges.set('judge', () =>
        Promise.resolve({
          score: 0.8,
          reasoning: 'it is all there',
          model: 'm',
          promptVersion: 'p1',
          usage: { inputTokens: 90, outputTokens: 10 },
          costUsd: 0.002,
        }),
      );
      offer('w.0', { ...made, input: { ...made.input, field: 'licence' }, tags: { team: 'a' } });
      await time.pass(0);
      assert.deepEqual(
        events.map(({ stage }) => stage),
        ['judging', 'done'],
      );
      const { submit } = events[1]!;
      assert.equal(stages.get('w.0'), 'done');
      assert.deepEqual(submit!.tags, {
        team: 'a',
        field_name: 'licence',
        aggregation_method: 'llm',
        decision: 'judge',
      });
      assert.deepEqual(
        [submit!.value, submit!.assessment, submit!.reasoning],
        [0.8, 'pass', 'it is all there'],
      );
      const { metadata } = submit!;
      assert.equal(metadata!['keepspan.recall_id'], 'w.0');
      assert.equal(metadata!['judged_because'], because);
      assert.equal(metadata!['judge_prompt_version'], 'p1');
      assert.equal(metadata!['judge_tokens'], 100);
      assert.equal(metadata!['judge_cost_usd'], 0.002);
      assert.equal(events[1]!.record!.judgeScore, 0.8);
    });
  }

  it('nobody needs a judge for an empty context, which fails, nor for nothing at all, which is skipped', async () => {
    const { offer, events, judges, time } = bench();
    judges.set('judge', () => assert.fail('a judge call is wasted'));
    offer('w.0', job('0.9', { chunks: [{ text: ' ' }] }));
    offer('w.1', { ...job(' '), input: { question: '', answer: ' ', chunks: [{ text: 'x' }] } });
    await time.pass(0);
    assert.equal((events[0]!.outcome as { assessment: string }).assessment, 'fail');
    assert.deepEqual(events[1]!.outcome, { decision: 'skipped', reason: 'nothing_to_judge' });
    assert.equal(events[1]!.submit!.assessment, undefined);
  });

  it('a judge passes by its score and its word; neither alone', async () => {
    for (const [answer, expected] of [
      [{ score: 0.7 }, 'pass'],
      [{ score: 0.69 }, 'fail'],
      [{ score: 0.1, assessment: 'pass' }, 'fail'],
      [{ score: 0.9, assessment: 'fail' }, 'fail'],
    ] as const) {
      const { offer, events, judges, time } = bench();
      judges.set('judge', () => Promise.resolve(answer));
      offer('w.0', job('0.2'));
      await time.pass(0);
      assert.equal(events.at(-1)!.submit!.assessment, expected, JSON.stringify(answer));
    }
  });

  it('audits a share of what passes: the verdict stands at once, the judge is heard afterwards', async () => {
    const { engine, offer, events, judges, time } = bench({ rule: { threshold: 0.7, auditRate: 0.01 } });
    judges.set('judge', () => Promise.resolve({ score: 0.3 }));
    for (let i = 0; i < 10_000; i++) offer(`w-1a2b.${i}`, job(`0.8`, { question: `q${i}` }));
    await time.drain(engine);
    const { heuristic, audits, auditMisses } = counted(events);
    assert.equal(heuristic, 10_000);
    assert.ok(audits! > 60 && audits! < 140, `${audits} of 10,000 audited at 1 %`);
    assert.equal(auditMisses, audits);
    const audit = events.find(({ submit }) => submit?.label === 'context_recall_audit')!;
    assert.equal(audit.submit!.assessment, 'fail');
    assert.equal(audit.outcome, undefined);
    assert.deepEqual(audit.record, {
      score: 0.8,
      judgeScore: 0.3,
      audit: true,
      auditRate: 0.01,
      threshold: 0.7,
    });
  });
});

describe('hybrid recall: judges that fail', () => {
  const cases: readonly [string, JudgeFailure, string, number][] = [
    ['down', { reason: 'unavailable', retryable: true }, 'judge_failed', MAX_CALLS],
    ['rate-limited', { reason: 'rate-limited', retryable: true }, 'judge_rate_limited', MAX_CALLS],
    ['refusing', { reason: 'refused', retryable: false }, 'judge_refused', 1],
    ['misconfigured', { reason: 'misconfigured', retryable: false }, 'judge_misconfigured', 1],
    ['answering wrong JSON', { reason: 'wrong-format', retryable: true }, 'judge_wrong_answer', MAX_CALLS],
  ];
  for (const [name, failure, reason, calls] of cases) {
    it(`${name}: no pass, the reason is said, it is backfilled later`, async () => {
      const { engine, offer, events, judges, time, stages } = bench();
      judges.set('judge', failing(failure));
      offer('w.0', job('0.3'));
      await time.pass(60_000);
      const skipped = events.at(-1)!;
      assert.deepEqual(skipped.outcome, { decision: 'skipped', reason });
      assert.equal(skipped.submit!.assessment, undefined);
      assert.deepEqual(
        [skipped.submit!.label, skipped.submit!.metricType, skipped.submit!.value],
        ['context_recall_decision', 'categorical', `skipped:${reason}`],
      );
      assert.equal(counted(events)['judgeCalls'], calls);
      assert.equal(stages.get('w.0'), 'skipped');
      assert.equal(engine.skipped, 1);

      judges.set('judge', () => Promise.resolve({ score: 1 }));
      await time.pass(2 * FIRST_OPEN_MS);
      assert.equal(engine.backfill(), 1);
      await time.pass(0);
      assert.equal(stages.get('w.0'), 'done');
      assert.equal(events.at(-1)!.submit!.metadata!['backfilled'], true);
      assert.equal(counted(events)['backfilled'], 1);
      assert.equal(engine.skipped, 0);
    });
  }

  it('slow: a call ends in time although the judge does not, and does not hold up the others', async () => {
    const { offer, events, judges, time } = bench({ concurrency: 2 });
    const aborted: boolean[] = [];
    judges.set('slow', (_request, { signal }) => {
      signal.addEventListener('abort', () => aborted.push(true));
      return new Promise(() => undefined);
    });
    judges.set('judge', () => Promise.resolve({ score: 1 }));
    offer('w.0', job('0.1'), { judge: 'slow' });
    offer('w.1', job('0.2'));
    await time.pass(0);
    assert.equal(events.at(-1)!.key, 'w.1');
    await time.pass(60_000);
    assert.deepEqual(events.at(-1)!.outcome, { decision: 'skipped', reason: 'judge_timeout' });
    assert.equal(aborted.length, MAX_CALLS);
  });

  it('foreign code that throws, answers nonsense or out of range is a failure, never a pass', async () => {
    for (const answer of [
      undefined,
      null,
      'yes',
      {},
      { score: '1' },
      { score: NaN },
      { score: 1.01 },
      { score: -1 },
    ]) {
      const { offer, events, judges, time } = bench();
      judges.set('judge', () => Promise.resolve(answer as never));
      offer('w.0', job('0.1'));
      await time.pass(60_000);
      assert.deepEqual(events.at(-1)!.outcome, { decision: 'skipped', reason: 'judge_wrong_answer' });
    }
    const { offer, events, judges, time } = bench();
    judges.set('judge', () => {
      throw new TypeError('synchronous');
    });
    offer('w.0', job('0.1'));
    await time.pass(60_000);
    assert.deepEqual(events.at(-1)!.outcome, { decision: 'skipped', reason: 'judge_failed' });
  });

  it('leaves a judge alone that fails again and again, and probes it once the time is over', async () => {
    const { engine, offer, events, judges, time } = bench({ concurrency: 1 });
    let calls = 0;
    judges.set('judge', () => {
      calls += 1;
      return Promise.reject(Object.assign(new Error('down'), { reason: 'unavailable', retryable: false }));
    });
    for (let i = 0; i < 100; i++) offer(`w.${i}`, job('0.1', { question: `q${i}` }));
    await time.drain(engine);
    assert.equal(calls, OPENS_AFTER);
    assert.equal(counted(events)['skipped.judge_down'], 100 - OPENS_AFTER);
    await time.pass(FIRST_OPEN_MS);
    offer('w.100', job('0.1', { question: 'probe' }));
    offer('w.101', job('0.1', { question: 'behind the probe' }));
    await time.pass(1000);
    assert.equal(calls, OPENS_AFTER + 1);
  });

  it('waits as long as Retry-After says, and asks nobody there in between', async () => {
    const { offer, events, judges, time } = bench();
    let calls = 0;
    judges.set('judge', () => {
      calls += 1;
      if (calls > 1) return Promise.resolve({ score: 1 });
      return Promise.reject(
        Object.assign(new Error('429'), { reason: 'rate-limited', retryable: true, retryAfterMs: 20_000 }),
      );
    });
    offer('w.0', job('0.1'));
    await time.pass(0);
    offer('w.1', job('0.1', { question: 'another' }));
    await time.pass(19_999);
    assert.equal(calls, 1);
    await time.pass(10);
    assert.equal(calls, 3);
    assert.equal(counted(events)['judged'], 2);
  });

  it('one that nobody knows is waited for, then skipped; one that comes in time is asked', async () => {
    const { engine, offer, events, judges, time } = bench();
    offer('w.0', job('0.1'), { judge: 'late' });
    offer('w.1', job('0.1'), { judge: 'never' });
    offer('w.2', job('0.1'), { judge: '' });
    await time.pass(1000);
    assert.deepEqual(counted(events), { 'needed.below_threshold': 3, 'skipped.no_judge': 1 });
    judges.set('late', () => Promise.resolve({ score: 1 }));
    engine.judgeKnown();
    await time.pass(0);
    assert.equal(counted(events)['judged'], 1);
    await time.pass(60_000);
    assert.equal(counted(events)['skipped.no_judge'], 2);
  });
});

describe('hybrid recall: budgets and bounds', () => {
  it('calls a minute: the rest waits, and is skipped when it waits too long', async () => {
    const { engine, offer, events, judges, time } = bench({
      limits: { ...UNBOUNDED, callsPerMinute: 10 },
      patienceMs: 150_000,
    });
    judges.set('judge', () => Promise.resolve({ score: 1 }));
    for (let i = 0; i < 100; i++) offer(`w.${i}`, job('0.1', { question: `q${i}` }));
    while (counted(events)['needed.below_threshold'] !== 100) await time.pass(0);
    assert.equal(counted(events)['judged'], 10);
    await time.pass(60_000);
    assert.equal(counted(events)['judged'], 20);
    await time.pass(200_000);
    assert.equal(counted(events)['judged'], 30);
    assert.equal(counted(events)['skipped.calls_per_minute'], 70);
    assert.equal(engine.pending, 0);
  });

  it('asks once for equal content', async () => {
    const { offer, events, judges, time } = bench({ concurrency: 1 });
    let calls = 0;
    judges.set('judge', () => Promise.resolve({ score: 1, costUsd: (calls += 1) }));
    for (let i = 0; i < 5; i++) offer(`w.${i}`, job('0.1'));
    await time.pass(0);
    assert.equal(calls, 1);
    assert.equal(counted(events)['cached'], 4);
    assert.equal(events.at(-1)!.submit!.metadata!['judge_cached'], true);
    assert.equal(events.at(-1)!.submit!.metadata!['judge_cost_usd'], undefined);
  });

  it('gives up what is older than upstream accepts, before it is judged and while it is kept', async () => {
    const { engine, offer, events, judges, time } = bench({ maxAgeMs: 10_000 });
    judges.set('judge', failing({ reason: 'refused', retryable: false }));
    offer('w.0', job('0.9'), { timeMs: time.clock.wall() - 10_001 });
    offer('w.1', job('0.1'));
    await time.pass(10_001);
    assert.equal(engine.skipped, 1);
    engine.expire();
    assert.equal(engine.skipped, 0);
    assert.equal(counted(events)['dropped.expired'], 2);
  });

  it('what cannot be read is dropped by name; what is in memory alone is not kept', async () => {
    const { engine, offer, events, judges, time } = bench();
    judges.set('judge', failing({ reason: 'refused', retryable: false }));
    offer('w.0', job('0.9'), { load: () => undefined });
    offer('w.1', job('0.1'), { durable: false });
    await time.pass(0);
    assert.equal(counted(events)['dropped.unreadable'], 1);
    assert.equal(events.find(({ key, outcome }) => key === 'w.1' && outcome !== undefined)!.stage, 'done');
    assert.equal(engine.skipped, 0);
  });

  it('makes room from the oldest tenth of what was skipped', async () => {
    const { engine, offer, judges, time, stages } = bench();
    judges.set('judge', failing({ reason: 'refused', retryable: false }));
    for (let i = 0; i < 20; i++) offer(`w.${i}`, job('0.1', { question: `q${i}` }));
    await time.pass(0);
    assert.equal(engine.makeRoom(), 2);
    assert.equal(stages.get('w.0'), 'dropped');
    assert.equal(stages.get('w.2'), 'skipped');
  });

  it('stops in the middle of a call and says nothing of it: it stays where it is on disk', async () => {
    const { engine, offer, judges, time, stages } = bench();
    judges.set('judge', () => new Promise(() => undefined));
    offer('w.0', job('0.1'));
    await time.pass(0);
    engine.stop();
    await time.pass(600_000);
    assert.equal(stages.get('w.0'), 'judging');
  });

  it('resumes each stage where it stood, and counts what may be sent twice', async () => {
    const { engine, offer, events, judges, time } = bench();
    judges.set('judge', () => Promise.resolve({ score: 1 }));
    offer('w.0', job('0.9'), { stage: 'submitting' });
    offer('w.1', job('0.1', { question: 'b' }), { stage: 'judging' });
    offer('w.2', job('0.9', { question: 'c' }), { stage: 'audit' });
    offer('w.3', job('0.1', { question: 'd' }), { stage: 'skipped' });
    await time.pass(0);
    assert.deepEqual(counted(events), { maybeTwice: 1, heuristic: 1, judgeCalls: 2, judged: 1, audits: 1 });
    assert.equal(engine.skipped, 1);
  });

  it('a heuristic that throws sends the request to the judge', async () => {
    const { offer, events, judges, time } = bench({
      heuristic: () => {
        throw new Error('broken');
      },
    });
    judges.set('judge', () => Promise.resolve({ score: 0.2 }));
    offer('w.0', job('0.9'));
    await time.pass(0);
    assert.equal(events.at(-1)!.submit!.assessment, 'fail');
    assert.equal(counted(events)['needed.no_score'], 1);
  });
});
