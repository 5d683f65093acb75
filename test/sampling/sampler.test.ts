import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TraceFacts } from '../../src/contracts/sampling.ts';
import { parseRules } from '../../src/sampling/parse-rules.ts';
import { PROFILE_RULES } from '../../src/sampling/profile-rules.ts';
import { createSampler, type Sampler, type SamplerOptions } from '../../src/sampling/sampler.ts';
import { facts, probe, sqsPoll } from './facts.ts';
import { seeded } from '../support/seeded.ts';

function sampler(rules: unknown, options: Partial<SamplerOptions> = {}): Sampler {
  const parsed = parseRules(rules, 'rules');
  assert.deepEqual(parsed.problems, []);
  return createSampler({ policy: { source: 'environment', rules: parsed.rules }, ...options });
}

/** Everything that can be matched, at rate 0: what survives this is protected. */
const DROP_ALL = [{ sample_rate: 0 }];

describe('L9: nothing that matters is sampled out', () => {
  const cases: [string, TraceFacts, string][] = [
    ['an LLM span', facts({ llm: true }), 'protected:llm'],
    ['an error anywhere', facts({ error: true }), 'protected:error'],
    ['a trace that somebody keeps by hand', facts({ manualKeep: true }), 'protected:manual'],
    ['LLM work below a poll', { ...sqsPoll(1n, 0), llm: true }, 'protected:llm'],
    ['an error below a health probe', { ...probe('/health'), error: true }, 'protected:error'],
  ];
  for (const [what, trace, reason] of cases) {
    it(`L9: ${what} is kept under a rule that drops everything`, () => {
      assert.deepEqual(sampler(DROP_ALL).judge(trace), { keep: true, rate: 1, reason });
    });
  }

  it('L9: an evaluated span protects its trace, also when the evaluation came first', () => {
    const { judge, noteEvaluated } = sampler(DROP_ALL);
    noteEvaluated(7n);
    assert.equal(judge(facts({ spanIds: [6n, 7n] })).reason, 'protected:evaluated');
    assert.equal(judge(facts({ traceId: 2n, spanIds: [6n] })).keep, false);
  });

  it('L9: a part of a trace whose root is not known is kept, and its later parts with it', () => {
    const { judge, counts } = sampler(DROP_ALL);
    assert.deepEqual(judge(facts({ rootless: true })), { keep: true, rate: 1, reason: 'undecided' });
    assert.deepEqual(judge(facts()), { keep: true, rate: 1, reason: 'remembered' });
    assert.equal(counts().undecided, 1);
  });

  it('L9: LLM work in a late part of a dropped trace is kept, and what follows it', () => {
    const { judge } = sampler(DROP_ALL);
    assert.equal(judge(facts()).keep, false);
    assert.equal(judge(facts({ rootless: true, llm: true })).reason, 'protected:llm');
    assert.equal(judge(facts({ rootless: true })).keep, true);
  });

  it('L9: a poll that returned messages is kept by rules about polls, in every way of writing them', () => {
    for (const rule of [{ noise: 'poll:sqs' }, { noise: 'poll:*' }, { resource: 'sqs.receivemessage' }]) {
      const { judge } = sampler([{ ...rule, sample_rate: 0 }]);
      assert.equal(judge(sqsPoll(1n, 1)).reason, 'protected:messages', JSON.stringify(rule));
      assert.equal(judge(sqsPoll(2n, 0)).keep, false);
      assert.equal(judge(sqsPoll(3n)).keep, false);
    }
  });
});

describe('verdicts', () => {
  it('name the rule and its rate', () => {
    const { judge } = sampler([{ id: 'quiet', name: 'cron.*', sample_rate: 0 }]);
    assert.deepEqual(judge(facts({ name: 'cron.tick' })), {
      keep: false,
      rate: 0,
      reason: 'rule',
      rule: 'quiet',
    });
    assert.deepEqual(judge(facts({ name: 'other', traceId: 2n })), {
      keep: true,
      rate: 1,
      reason: 'default',
    });
  });

  it('the first matching rule decides', () => {
    const { judge } = sampler([
      { id: 'a', name: 'cron.keep' },
      { id: 'b', name: 'cron.*', sample_rate: 0 },
    ]);
    assert.equal(judge(facts({ name: 'cron.keep' })).rule, 'a');
    assert.equal(judge(facts({ name: 'cron.tick', traceId: 2n })).rule, 'b');
  });

  it('late spans get the remembered verdict, with its rule', () => {
    const { judge } = sampler([{ id: 'zero', name: 'work', sample_rate: 0 }]);
    judge(facts());
    assert.deepEqual(judge(facts({ rootless: true })), {
      keep: false,
      rate: 0,
      reason: 'remembered',
      rule: 'zero',
    });
  });

  it('the memory is bounded: the first trace beyond it is decided anew, as unknown', () => {
    const { judge } = sampler(DROP_ALL, { maxTraces: 10 });
    for (let id = 1n; id <= 20n; id += 1n) judge(facts({ traceId: id }));
    assert.equal(judge(facts({ traceId: 1n, rootless: true })).reason, 'remembered');
    const other = sampler(DROP_ALL, { maxTraces: 10 });
    for (let id = 1n; id <= 21n; id += 1n) other.judge(facts({ traceId: id }));
    assert.equal(other.judge(facts({ traceId: 1n, rootless: true })).reason, 'undecided');
  });

  it('the set of evaluated spans is bounded: the last accepted is protected, the first forgotten is not', () => {
    const { judge, noteEvaluated } = sampler(DROP_ALL, { maxEvaluations: 10 });
    for (let id = 1n; id <= 20n; id += 1n) noteEvaluated(id);
    assert.equal(judge(facts({ traceId: 1n, spanIds: [1n] })).keep, true);
    noteEvaluated(21n);
    assert.equal(judge(facts({ traceId: 2n, spanIds: [1n] })).keep, false);
    assert.equal(judge(facts({ traceId: 3n, spanIds: [11n] })).keep, true);
  });

  it('a limit per second lets so many through, and the next second again', () => {
    let nowMs = 0;
    const { judge } = sampler([{ max_per_second: 2 }], { clock: { now: () => nowMs, wall: () => 0 } });
    const kept = (from: bigint) => [0n, 1n, 2n].map((i) => judge(facts({ traceId: from + i })).keep);
    assert.deepEqual(kept(1n), [true, true, false]);
    nowMs = 999;
    assert.equal(judge(facts({ traceId: 10n })).keep, false);
    nowMs = 1000;
    assert.deepEqual(kept(20n), [true, true, false]);
  });

  it('a part that is judged again gets the same verdict, and counts once', () => {
    const { judge, counts } = sampler([{ id: 'r', sample_rate: 0.5 }]);
    for (let id = 1n; id <= 100n; id += 1n) {
      assert.equal(judge(facts({ traceId: id })).keep, judge(facts({ traceId: id }), true).keep);
    }
    const [rule] = counts().rules;
    assert.equal(rule?.seen, 100);
    assert.equal(counts().seen, 100);
    assert.ok(rule.kept > 0 && rule.kept < 100 && rule.kept === counts().kept);
  });
});

describe('the policy of production', () => {
  const production = () => sampler(PROFILE_RULES.production);

  it('keeps 1 % of 100,000 empty SQS receives, within the 99 % interval, and every one with messages', () => {
    const { judge } = production();
    const random = seeded(7);
    let kept = 0;
    for (let i = 0; i < 100_000; i += 1) if (judge(sqsPoll(randomId(random), 0)).keep) kept += 1;
    // n p ± 2.576 √(n p (1 − p))
    assert.ok(kept >= 919 && kept <= 1081, String(kept));
    for (let i = 0; i < 1000; i += 1) assert.ok(judge(sqsPoll(randomId(random), 1 + (i % 10))).keep);
    for (let i = 0; i < 1000; i += 1) assert.ok(judge({ ...sqsPoll(randomId(random), 0), error: true }).keep);
  });

  it('keeps no health probe, on any framework, and everything that only looks like one', () => {
    const { judge } = production();
    const noise = [
      '/health',
      '/health/',
      '/health?verbose=1',
      '/healthz',
      '/health/live',
      '/livez',
      '/readyz',
    ].map((path) => probe(path));
    noise.push(
      facts({
        name: 'fastify.request',
        resource: 'GET /health',
        tags: { 'span.kind': 'server', 'http.route': '/health' },
      }),
    );
    noise.push(facts({ name: 'GET /healthz', tags: { 'span.kind': 'server', 'url.path': '/healthz' } }));
    noise.forEach((trace, i) =>
      assert.equal(judge({ ...trace, traceId: BigInt(i + 1) }).rule, 'health @ 0', String(i)),
    );
    const work = ['/healthy-recipes', '/api/health-plans', '/', '/v1/health/records'].map((path) =>
      probe(path),
    );
    work.push(
      facts({ name: 'http.request', tags: { 'span.kind': 'client', 'http.url': 'http://other/health' } }),
    );
    work.forEach((trace, i) =>
      assert.equal(judge({ ...trace, traceId: BigInt(i + 100) }).reason, 'default', String(i)),
    );
  });

  it('two processes with the same policy agree on every trace', () => {
    const [one, other] = [production(), production()];
    const random = seeded(11);
    for (let i = 0; i < 10_000; i += 1) {
      const id = randomId(random);
      assert.equal(one.judge(sqsPoll(id, 0)).keep, other.judge(sqsPoll(id, 0)).keep);
    }
  });
});

describe('the requirement’s own rules', () => {
  const { judge } = sampler(
    JSON.parse(
      '[{"resource":"kafka.consume","sample_rate":0.0},{"resource":"sqs.receivemessage","sample_rate":0.0},{"resource":"GET /health","sample_rate":0.0}]',
    ),
  );
  const kafka = (tags: Record<string, string | number>, traceId: bigint) =>
    facts({
      traceId,
      name: 'kafka.consume',
      resource: 'orders',
      tags: { component: 'kafkajs', 'span.kind': 'consumer', ...tags },
    });

  it('`kafka.consume` means Kafka polls, and spares messages', () => {
    assert.equal(judge(kafka({}, 1n)).keep, false);
    assert.equal(judge(kafka({ 'kafka.message.offset': '12' }, 2n)).reason, 'protected:messages');
    assert.equal(judge(kafka({ 'messaging.batch.message_count': 0 }, 3n)).keep, false);
    assert.equal(judge(kafka({ 'messaging.batch.message_count': 5 }, 4n)).reason, 'protected:messages');
    assert.equal(judge(kafka({ 'kafka.received_message': 'False' }, 5n)).keep, false);
    assert.equal(judge(kafka({ 'kafka.received_message': 'True' }, 6n)).keep, true);
  });

  it('a rule by name is meant as written: it applies to messages, too, and never to LLM work', () => {
    const byName = sampler([{ name: 'kafka.consume', sample_rate: 0 }]);
    assert.equal(byName.judge(kafka({ 'kafka.message.offset': '12' }, 1n)).keep, false);
    assert.equal(
      byName.judge({ ...kafka({ 'kafka.message.offset': '12' }, 2n), llm: true }).reason,
      'protected:llm',
    );
  });

  it('`GET /health` means that path and that method, where the resource is `GET` alone', () => {
    assert.equal(judge({ ...probe('/health'), traceId: 10n }).keep, false);
    assert.equal(judge({ ...probe('/health', { 'http.method': 'POST' }), traceId: 11n }).keep, true);
    assert.equal(judge({ ...probe('/healthz'), traceId: 12n }).keep, true);
  });
});

function randomId(random: () => number): bigint {
  return (BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32));
}
