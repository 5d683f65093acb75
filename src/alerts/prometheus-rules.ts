import { durationText } from '../kernel/duration-text.ts';
import type { AlertCondition } from './condition.ts';

/** Rules for Prometheus (prometheus.io/docs/prometheus/latest/configuration/alerting_rules), as YAML. */
export function prometheusRules(conditions: readonly AlertCondition[]): string {
  const rules = conditions.map((condition) =>
    [
      `      - alert: ${ruleName(condition.name)}`,
      `        expr: ${JSON.stringify(condition.monitors.prometheus)}`,
      ...(condition.forMs > 0 ? [`        for: ${durationText(condition.forMs)}`] : []),
      '        labels:',
      `          severity: ${condition.severity}`,
      `          keepspan_alert: ${condition.id}`,
      '        annotations:',
      `          summary: ${JSON.stringify(condition.title)}`,
      `          description: ${JSON.stringify(`${condition.meaning}. Fix: ${condition.fix}.`)}`,
    ].join('\n'),
  );
  return `${HEAD}groups:\n  - name: keepspan\n    interval: 15s\n    rules:\n${rules.join('\n')}\n`;
}

/** Name of a condition's rule: `KeepspanSignalsLost`. */
export function ruleName(name: string): string {
  return `Keepspan${name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;
}

const HEAD =
  '# Made by `keepspan alerts generate --to prometheus`. Keepspan answers GET /metrics on KEEPSPAN_HEALTH_PORT.\n';
