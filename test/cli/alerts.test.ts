import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CONDITIONS } from '../../src/alerts/conditions.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).href;

function run(...args: readonly string[]) {
  const code = `import { main } from ${JSON.stringify(MAIN)}; await main(process.argv.slice(1));`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', code, '--', 'alerts', ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
}

const stored = (name: string) =>
  readFileSync(new URL(`../../deploy/alerts/${name}`, import.meta.url), 'utf8');

describe('keepspan alerts', () => {
  it('list: every alert with meaning, delay and fix; as JSON the same', () => {
    const { status, stdout } = run('list');
    assert.equal(status, 0);
    assert.match(stdout, /^KS-ALERT-001 {2}warning {3}Observability did not initialise\n {4}means {2}It was/);
    assert.match(stdout, /KS-ALERT-006.*\n.*\n {4}within 15s\n/);
    const { schemaVersion, alerts } = JSON.parse(run('list', '--json').stdout) as {
      schemaVersion: number;
      alerts: { id: string }[];
    };
    assert.equal(schemaVersion, 1);
    assert.deepEqual(
      alerts.map(({ id }) => id),
      CONDITIONS.map(({ id }) => id),
    );
  });

  it('generate: the files of deploy/alerts, byte for byte', () => {
    for (const [to, name] of [
      ['prometheus', 'prometheus-rules.yaml'],
      ['datadog-json', 'datadog-monitors.json'],
      ['datadog-openmetrics', 'openmetrics.yaml'],
    ] as const) {
      const { status, stdout } = run('generate', '--to', to);
      assert.equal(status, 0);
      assert.equal(stdout, stored(name));
    }
  });

  it('generate --json: one document; what is JSON already stays as it is', () => {
    const rules = JSON.parse(run('generate', '--to', 'prometheus', '--json').stdout) as unknown;
    assert.deepEqual(rules, { schemaVersion: 1, rules: stored('prometheus-rules.yaml') });
    assert.equal(run('generate', '--to', 'datadog-json', '--json').stdout, stored('datadog-monitors.json'));
  });

  it('another system: exit 2, and the names that there are', () => {
    const { status, stdout, stderr } = run('generate', '--to', 'toString');
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /prometheus, datadog-json, datadog-openmetrics/);
  });
});
