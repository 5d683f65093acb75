import { copies, found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { importOf } from '../libraries.ts';
import { mending } from '../mending.ts';

const NAMES = [
  '@opentelemetry/instrumentation-openai',
  '@opentelemetry/instrumentation-aws-sdk',
  '@opentelemetry/auto-instrumentations-node',
  '@arizeai/openinference-instrumentation-openai',
];

export const check: ProjectCheck = {
  id: 'KS-DOUBLE-003',
  slug: 'otel-llm-instrumentations',
  title: 'OpenTelemetry instruments what dd-trace instruments',
  target: 'both',
  rationale:
    'Two wrappers on one call: two spans for one request, in one backend when both streams meet there, and trace headers written twice.',
  how: 'dd-trace is there and one of these instrumentations is imported, or loaded in the process.',
  fix: 'one tracer for a library: remove the instrumentation, or KEEPSPAN_STACK=otlp to do without dd-trace',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    if (!has(context, 'dd-trace')) return notApplicable('dd-trace is not installed');
    const { start, project } = context;
    if (start !== undefined) {
      const loaded =
        start.tracerOrder.cjs === undefined
          ? []
          : NAMES.flatMap((name) => copies(context, name)).filter(({ path }) =>
              start.packages.some(({ root }) => root === path),
            );
      return loaded.length === 0
        ? pass('none was loaded')
        : found(
            'fail',
            loaded.map(({ name, version }) => `${name} ${version} was loaded beside dd-trace`),
          );
    }
    const places = NAMES.flatMap((name) => project.find(importOf(name)));
    const isAlone =
      mending(context)?.stack === 'otlp' &&
      project.find(importOf('dd-trace')).length === 0 &&
      !project.commands.some(({ text }) => /\bdd-trace\//.test(text));
    if (places.length > 0 && isAlone) return pass('stack otlp starts no dd-trace');
    return places.length === 0 ? pass('none is imported') : found('warn', places);
  },
};
