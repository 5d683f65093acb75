import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';

const OWNERS: readonly (readonly [string, RegExp])[] = [
  ['Sentry', /\bSentry\.init\s*\(/],
  ['OpenLLMetry', /@traceloop\/node-server-sdk['"]/],
  ['OpenTelemetry NodeSDK', /new\s+NodeSDK\s*\(/],
  ['a tracer provider', /new\s+(?:Node|Basic)TracerProvider\s*\(/],
  ['Langfuse', /new\s+LangfuseSpanProcessor\s*\(/],
];

export const check: ProjectCheck = {
  id: 'KS-OTEL-002',
  slug: 'provider-owner',
  title: 'Several libraries want to be the OpenTelemetry provider; one is, the others’ spans go nowhere',
  target: 'both',
  rationale:
    'The first to register wins and the others are told by a diagnostic logger that nobody has set. Beside Sentry, spans pass through Sentry’s sampler: at tracesSampleRate 0.2 a Langfuse user lost 80 % of the traces.',
  how: 'Counts what registers a provider in the source. With a command: every attempt in the process, whether it was accepted, and by which package.',
  fix: 'one provider: give the others’ span processors to it; for Sentry, Sentry.init({ skipOpenTelemetrySetup: true }) and its processor in yours',
  source: 'docs/facts/instrumentation.md, OpenTelemetry',
  run(context) {
    const { start, project } = context;
    if (start !== undefined) {
      const { providers } = start;
      if (providers.length === 0) return notApplicable('nobody registered a provider');
      const shown = providers.map(
        ({ by, accepted }) => `${by}: ${accepted ? 'is the provider' : 'was refused'}`,
      );
      return providers.some(({ accepted }) => !accepted) ? found('fail', shown) : pass(...shown);
    }
    const owners = OWNERS.flatMap(([name, pattern]) => {
      const [place] = project.find(pattern);
      const isOff =
        name === 'Sentry' &&
        (!has(context, '@sentry/node') || project.find(/skipOpenTelemetrySetup\s*:\s*true/).length > 0);
      return place === undefined || isOff ? [] : [{ name, place }];
    });
    // A processor belongs to a provider of the application's own, where there is one and it is alone.
    const registering = owners.filter(({ name }) => name !== 'Langfuse');
    if (registering.length > 1)
      return found(
        'fail',
        registering.map(({ place }) => place),
      );
    return registering.length === 0
      ? notApplicable('nothing registers a provider')
      : pass(`${registering[0]?.name} alone`);
  },
};
