import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startPrometheus } from '../../scripts/counterparts/prometheus.ts';
import { freePorts, until } from '../../scripts/counterparts/started.ts';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { prometheusRules, ruleName } from '../../src/alerts/prometheus-rules.ts';
import { METRICS } from '../../src/selfmetrics/metrics.ts';
import { createSite } from '../e2e/support/site.ts';

const SERVICE = fileURLToPath(new URL('../pipeline/watch/fixtures/service.mjs', import.meta.url));
const LIMIT_MS = 60_000;
const never = new Promise<never>(() => undefined);

interface Rule {
  readonly name: string;
  readonly state: string;
  readonly health: string;
  readonly lastError?: string;
  readonly alerts: readonly { readonly labels: Readonly<Record<string, string>>; readonly state: string }[];
}

describe('a real Prometheus', () => {
  it('scrapes a real process, evaluates every rule, and fires for an upstream that refuses', async (t) => {
    const site = await createSite(t);
    site.agent.behave(403);
    const [port] = (await freePorts(1)) as [number];
    const child = site.launch(['--import', 'keepspan/register', SERVICE], {
      env: { KEEPSPAN_HEALTH_PORT: String(port), KEEPSPAN_ALERTS: '1' },
    });
    const base = `http://127.0.0.1:${(await child.says(/port (\d+)\./))[1]}`;
    await (await fetch(`${base}/work`)).text();
    const target = `127.0.0.1:${port}`;
    const prometheus = await startPrometheus({ targets: [target], rules: prometheusRules(CONDITIONS) });
    t.after(() => prometheus.stop());
    const ask = async <T>(path: string): Promise<T> => {
      const answer = await fetch(`${prometheus.url}/api/v1/${path}`);
      return ((await answer.json()) as { readonly data: T }).data;
    };

    const rules = await until(
      async () => {
        const { groups } = await ask<{ groups: { rules: Rule[] }[] }>('rules');
        const all = groups.flatMap((group) => group.rules);
        const refuses = all.find(({ name }) => name === 'KeepspanUpstreamRefuses');
        if (refuses?.state !== 'firing') throw new Error(JSON.stringify(refuses));
        return all;
      },
      LIMIT_MS,
      never,
    );
    assert.deepEqual(
      rules.map(({ name, health, lastError }) => [name, health, lastError]),
      CONDITIONS.map(({ name }) => [ruleName(name), 'ok', undefined]),
    );
    assert.deepEqual(
      rules.flatMap(({ name, state }) => (state === 'inactive' ? [] : [name])),
      ['KeepspanUpstreamRefuses'],
    );
    const { alertname, instance, service, env, severity, keepspan_alert } = rules.find(
      ({ state }) => state === 'firing',
    )!.alerts[0]!.labels;
    assert.deepEqual(
      { alertname, instance, service, env, severity, keepspan_alert },
      {
        alertname: 'KeepspanUpstreamRefuses',
        instance: target,
        service: 'e2e',
        env: 'test',
        severity: 'critical',
        keepspan_alert: 'KS-ALERT-009',
      },
    );

    const metadata = await ask<Record<string, { type: string; help: string }[]>>('metadata');
    const described = Object.entries(metadata).filter(([name]) => name.startsWith('keepspan_'));
    assert.ok(described.length >= 20, `${described.length} metrics`);
    const helps = new Map(Object.values(METRICS).map(({ help, kind }) => [help, kind]));
    for (const [name, [entry]] of described) assert.equal(helps.get(entry!.help as never), entry!.type, name);
    const { result } = await ask<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent('keepspan_signals_created_total{kind="evaluations"}')}`,
    );
    assert.deepEqual(
      result.map(({ value }) => value[1]),
      ['1'],
    );
  });
});
