import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REAL_HOST } from '../../src/settings/host.ts';
import type { Host } from '../../src/settings/host.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { TABLE } from '../../src/settings/table.ts';
import { ALL_MUTANTS, CONTRADICTIONS, goodValue } from './mutants.ts';
import type { Mutant } from './mutants.ts';

const host: Host = {
  cwd: () => '/srv/app',
  homedir: () => '/srv/home',
  readText: () => '{"name":"orders"}',
  now: () => Date.parse('2026-01-01T00:00:00Z'),
  tracerSettings: REAL_HOST.tracerSettings as () => string | undefined,
};

function problemsOf(env: Readonly<Record<string, string>>) {
  return loadSettings({ env, host }).problems;
}

function check({ what, env, code, variable, fix }: Mutant): void {
  const problem = problemsOf(env).find((found) => found.code === code && found.variable === variable);
  assert.ok(problem, `${what}: not named; said was ${JSON.stringify(problemsOf(env))}`);
  assert.match(problem.fix, fix, what);
  assert.notEqual(problem.why, '');
}

test('a setting misspelt, of the wrong type, out of range: each is named with its fix', () => {
  for (const mutant of ALL_MUTANTS) check(mutant);
  // Nobody has taken a kind of mutation away: every setting is misspelt in four ways and has a wrong type.
  for (const { name } of TABLE) {
    const own = ALL_MUTANTS.filter(
      ({ env, variable, what }) => name in env || what.endsWith(` for ${name}`) || variable === name,
    );
    assert.ok(own.length >= 4, `${name}: ${own.length}`);
  }
});

test('the value that each mutation starts from is right', () => {
  for (const row of TABLE) {
    if (row.key === 'configFile') continue;
    const problems = problemsOf({ [row.name]: goodValue(row) }).filter(
      ({ code }) => code !== 'KS-SETTINGS-005',
    );
    const about = problems.filter(({ severity }) => severity !== 'info' && row.key !== 'site');
    assert.deepEqual(about, [], row.name);
  }
});

test('contradictions: each is named, what is close to it and right is not', () => {
  for (const mutant of CONTRADICTIONS) {
    check(mutant);
    const right = problemsOf(mutant.right).filter(({ code }) => code === mutant.code);
    assert.deepEqual(right, [], `right: ${JSON.stringify(mutant.right)}`);
  }
});

test('a slip in the prefix is a slip, too', () => {
  for (const [slip, meant] of [
    ['KEEPSAN_STACK', 'KEEPSPAN_STACK'],
    ['DDLLMOBS_ENABLED', 'DD_LLMOBS_ENABLED'],
    ['TRACELOP_BASE_URL', 'TRACELOOP_BASE_URL'],
    ['DD_LMOBS_ENABLED', 'DD_LLMOBS_ENABLED'],
    ['LOGLEVEL', 'LOG_LEVEL'],
  ] as const) {
    assert.equal(problemsOf({ [slip]: '1' })[0]?.suggestion, meant, slip);
  }
});

test('slips in names of dd-trace, OpenTelemetry and OpenLLMetry that we do not read ourselves', () => {
  for (const [slip, meant] of [
    ['DD_RUNTIME_METRIC_ENABLED', 'DD_RUNTIME_METRICS_ENABLED'],
    ['DD_LLMOBS_SAMPLE_RTAE', 'DD_LLMOBS_SAMPLE_RATE'],
    ['OTEL_TRACE_SAMPLER_ARG', 'OTEL_TRACES_SAMPLER_ARG'],
    ['TRACELOOP_TRACE_CONTNET', 'TRACELOOP_TRACE_CONTENT'],
  ] as const) {
    assert.equal(problemsOf({ [slip]: '1' })[0]?.suggestion, meant, slip);
  }
});

test('unknown names of those namespaces are left alone, as are names of others', () => {
  const env = {
    DD_HOSTNAME: 'h',
    DD_KUBERNETES_KUBELET_HOST: 'h',
    DD_TRACE_SOMELIBRARY_ENABLED: 'true',
    OTEL_INSTRUMENTATION_SOMELIBRARY_EXPERIMENTAL: 'true',
    TRACELOOP_SOMETHING_ELSE: '1',
    LOG_DEVEL: 'x',
    DATABASE_URL: 'x',
    npm_config_loglevel: 'x',
  };
  const loud = problemsOf(env).filter(({ severity }) => severity !== 'info');
  assert.deepEqual(loud, []);
});

test('however many names are wrong, the list ends', () => {
  const env = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`KEEPSPAN_NO_${n}`, '1']));
  assert.equal(problemsOf(Object.fromEntries(Object.entries(env).slice(0, 50))).length, 50);
  assert.equal(problemsOf(env).length, 50);
});
