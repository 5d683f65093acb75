import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JudgeAnswer, JudgeFailureReason } from '../../../src/contracts/recall.ts';
import { bench, counted, heuristic, job, UNBOUNDED } from './fakes.ts';
import { seeded } from '../../support/seeded.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const THRESHOLD = 0.7;
const SEED = 20_261_122;

const REASONS: readonly JudgeFailureReason[] = [
  'wrong-format',
  'out-of-range',
  'refused',
  'truncated',
  'timeout',
  'rate-limited',
  'unavailable',
  'misconfigured',
];

/** What may be answered by foreign code; only the first is a verdict. */
function answerOf(random: () => number): unknown {
  const score = Math.round(random() * 100) / 100;
  const said = random();
  const verdict = {
    score,
    ...(said < 0.2 ? { assessment: 'pass' } : said < 0.4 ? { assessment: 'fail' } : {}),
  };
  const wrong = [
    undefined,
    null,
    'pass',
    1,
    {},
    { score: '0.9' },
    { score: NaN },
    { score: 1.2 },
    { assessment: 'pass' },
  ];
  return random() < 0.75 ? verdict : wrong[Math.floor(random() * wrong.length)];
}

/** The oracle: what a judge said of a request, as its own words allow, without the engine's help. */
function allowsPass(answer: unknown): boolean {
  const { score, assessment } = Object(answer) as Partial<JudgeAnswer>;
  return typeof score === 'number' && score >= THRESHOLD && score <= 1 && assessment !== 'fail';
}

interface Run {
  readonly seed: number;
  readonly evaluations: number;
}

/**
 * Evaluations in a stream, with a judge that is down, slow, wrong, refusing or rate-limited in turns, budgets that run
 * out and circuits that open. Returns counts.
 */
async function play({ seed, evaluations }: Run): Promise<Record<string, number>> {
  const random = seeded(seed);
  const passable = new Set<string>();
  const made = bench({
    random,
    maxAgeMs: Number.POSITIVE_INFINITY,
    heuristic(input) {
      if (random() < 0.01) throw new Error('the heuristic breaks');
      return heuristic(input);
    },
    cacheKey: ({ question }) => question,
    limits: { ...UNBOUNDED, callsPerMinute: 200, tokensPerDay: 400_000 },
    rule: { threshold: THRESHOLD, auditRate: 0.05 },
    timeoutMs: 2000,
    patienceMs: 30_000,
    concurrency: 8,
  });
  const { engine, offer, events, judges, time, stages } = made;
  let healthy = false;
  let mood = 0;
  judges.set('judge', ({ question }) => {
    const answer = healthy ? { score: 1 } : answerOf(random);
    const fate = healthy ? 1 : random();
    if (fate < mood) {
      const reason = REASONS[Math.floor(random() * REASONS.length)]!;
      const retryable = random() < 0.6;
      const retryAfterMs = random() < 0.3 ? random() * 20_000 : undefined;
      const failed = Object.assign(new Error(reason), { reason, retryable, retryAfterMs });
      if (random() < 0.3) return new Promise(() => undefined);
      if (random() < 0.2) throw new Error('foreign code');
      return Promise.reject(failed);
    }
    if (allowsPass(answer)) passable.add(question);
    return Promise.resolve(answer as JudgeAnswer);
  });

  const byHeuristic = new Set<string>();
  for (let i = 0; i < evaluations; i++) {
    if (i % 500 === 0) mood = [0.05, 0.95, 0.5, 0.2][(i / 500) % 4]!;
    const score = Math.round(random() * 100) / 100;
    const limited = random() < 0.1;
    const question = `q${i}`;
    if (score >= THRESHOLD && !limited) byHeuristic.add(question);
    offer(`w.${i}`, job(String(score), { question, ...(limited ? { limits: { retrievalLimit: 1 } } : {}) }));
    if (i % 20 === 19) await time.pass(random() * 4000);
  }
  await time.pass(120_000);
  assert.equal(engine.pending, 0, 'nothing waits for a judge that cannot be had');

  // New days' budgets, a judge that is well: everything that was skipped is judged.
  healthy = true;
  const skipped = engine.skipped;
  for (let day = 0; day < 100 && engine.skipped > 0; day++) {
    await time.pass(86_400_000);
    for (let before = Infinity; engine.skipped > 0 && engine.skipped < before;) {
      before = engine.skipped;
      engine.backfill();
      await time.pass(60_000);
    }
  }
  const counts = counted(events);

  for (const { key, outcome, submit } of events) {
    const question = `q${key.slice(2)}`;
    const mayPass = byHeuristic.has(question) || passable.has(question);
    const saysPass =
      submit?.assessment === 'pass' ||
      (outcome !== undefined && 'assessment' in outcome && outcome.assessment === 'pass');
    assert.ok(
      !saysPass || mayPass,
      `${key} passed although nobody said so: ${JSON.stringify({ seed, outcome, submit })}`,
    );
    if (outcome?.decision === 'skipped') assert.equal(submit?.assessment, undefined);
  }
  assert.equal(engine.skipped, 0);
  for (let i = 0; i < evaluations; i++) assert.equal(stages.get(`w.${i}`), 'done', `w.${i}`);
  assert.equal(counts['backfilled'], skipped);
  const verdicts = events.filter(({ submit }) => submit?.label === 'context_recall');
  assert.equal(new Set(verdicts.map(({ key }) => key)).size, evaluations);
  assert.equal(verdicts.length, evaluations, 'one verdict each');
  return counts;
}

describe('hybrid recall under faults', () => {
  const runs = FULL ? 10 : 1;
  const evaluations = FULL ? 10_000 : 4000;
  const all: Record<string, number> = {};
  for (let run = 0; run < runs; run++) {
    it(`${evaluations} evaluations, seed ${SEED + run}: none passes by a fault, all are judged in the end`, async (t) => {
      const counts = await play({ seed: SEED + run, evaluations });
      t.diagnostic(JSON.stringify(counts));
      for (const [name, n] of Object.entries(counts)) all[name] = (all[name] ?? 0) + n;
      assert.ok(counts['judged']! > evaluations / 20, 'judged');
    });
  }

  it('the faults were there', () => {
    for (const name of ['judge_down', 'judge_refused', 'judge_wrong_answer', 'tokens_per_day'])
      assert.ok(all[`skipped.${name}`]! > 0, name);
  });
});
