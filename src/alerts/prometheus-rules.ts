import { durationText } from '../kernel/duration-text.ts';
import type { AlertCondition } from './condition.ts';

/** Labels that name a process in Prometheus, in the place of `BY`. */
const BY = 'service, env, instance';

/** The expression of a condition, as Prometheus reads it. */
export function expressionOf(condition: AlertCondition): string {
  return condition.monitors.prometheus.replaceAll('BY', BY);
}

/** Rules for Prometheus (prometheus.io/docs/prometheus/latest/configuration/alerting_rules), as YAML. */
export function prometheusRules(conditions: readonly AlertCondition[]): string {
  const rules = conditions.map((condition) =>
    [
      `      - alert: Keepspan${pascal(condition.name)}`,
      `        expr: ${JSON.stringify(expressionOf(condition))}`,
      ...(condition.forMs > 0 && !isOverTime(condition)
        ? [`        for: ${durationText(condition.forMs)}`]
        : []),
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

export function pascal(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Its expression looks back over the time itself. */
function isOverTime({ monitors }: AlertCondition): boolean {
  return monitors.prometheus.includes('_over_time(');
}

const HEAD =
  '# Made by `keepspan alerts generate --to prometheus`. Keepspan answers GET /metrics on KEEPSPAN_HEALTH_PORT.\n';
