import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-OTEL-003',
  slug: 'provider-sampling',
  title: 'Sentry’s sampling rate thins LLM spans, too',
  target: 'project',
  rationale:
    'Sentry 8 and later owns the OpenTelemetry provider with a sampler of its own: tracesSampleRate is the share of all spans that anybody sees.',
  how: 'Sentry.init with a tracesSampleRate below 1 beside another consumer of OpenTelemetry spans.',
  fix: 'Sentry.init({ skipOpenTelemetrySetup: true }) and a provider of your own; or tracesSampler that returns 1 for LLM work',
  source: 'docs/facts/instrumentation.md, OpenTelemetry',
  run(context) {
    if (!has(context, '@sentry/node')) return notApplicable('@sentry/node is not installed');
    const others = [
      '@langfuse/otel',
      '@traceloop/node-server-sdk',
      '@opentelemetry/sdk-node',
      '@opentelemetry/sdk-trace-node',
      '@arizeai/phoenix-otel',
    ].filter((name) => has(context, name));
    if (others.length === 0) return notApplicable('nobody else consumes OpenTelemetry spans');
    const { project } = context;
    if (project.find(/skipOpenTelemetrySetup\s*:\s*true/).length > 0)
      return pass('Sentry does not own the provider');
    const rates = project.find(/tracesSampleRate\s*:\s*(?!1(?:\.0*)?\b)[\d.]+/);
    return rates.length === 0
      ? pass('no rate below 1')
      : found('fail', [...rates, `beside ${others.join(', ')}`]);
  },
};
