import { found, notApplicable, pass, type CheckContext, type ProjectCheck } from '../context.ts';
import { importOf, LLM_CLIENTS, TRACED } from '../libraries.ts';
import { mending } from '../mending.ts';
import { relative } from 'node:path';

/** Libraries, with the instrumentations of OpenTelemetry that have to be there first. */
const INSTRUMENTATIONS: Readonly<Record<string, readonly string[]>> = {
  openai: ['@opentelemetry/instrumentation-openai', '@arizeai/openinference-instrumentation-openai'],
  '@aws-sdk/client-bedrock-runtime': [
    '@opentelemetry/instrumentation-aws-sdk',
    '@arizeai/openinference-instrumentation-bedrock',
  ],
  '@anthropic-ai/sdk': ['@arizeai/openinference-instrumentation-anthropic'],
};

export const check: ProjectCheck = {
  id: 'KS-LOAD-002',
  slug: 'tracer-order',
  title: 'Libraries are loaded before the tracer',
  target: 'both',
  rationale:
    'A tracer changes a library as it is loaded. One that was there before stays as it is, without a word: dd-trace ' +
    'reports it only with its start-up logs on.',
  how: 'In files that initialise a tracer: imports of traced libraries in ES modules (they are hoisted above any call) and in lines before the call. With a command: the real order of loading, of instrumentations of OpenTelemetry as well, and which file asked for the library.',
  fix: 'start with `node --import keepspan/register app.js`, which comes before everything',
  source: 'docs/facts/instrumentation.md, load order',
  run(context) {
    if (context.start !== undefined) return inProcess(context, context.start);
    const { project } = context;
    const inits = project.find(
      /\b(?:tracer|ddtrace|dd|ddTrace)\.init\s*\(|require\(['"]dd-trace['"]\)\.init\s*\(|\binitObservability\s*\(|Traceloop\.initialize\s*\(|import\s+['"]dd-trace\/init(?:\.js)?['"]/,
    );
    if (inits.length === 0) return notApplicable('no file initialises a tracer by itself');
    if (mending(context)?.preloaded === true) return pass('the preload comes before them');
    const libraries = [...new Set([...LLM_CLIENTS, ...Object.keys(TRACED)])];
    const early = inits.flatMap(({ file, line }) => {
      const isEsm = project.isEsm ? !file.endsWith('.cjs') : file.endsWith('.mjs');
      return libraries.flatMap((name) =>
        project
          .find(importOf(name))
          .filter(
            (place) =>
              place.file === file && (place.line < line || (isEsm && /^\s*import\b/.test(place.text))),
          ),
      );
    });
    return early.length === 0
      ? pass('each initialises before it imports')
      : found('fail', [...new Set(early)]);
  },
};

function inProcess({ project }: CheckContext, { packages, tracerOrder }: NonNullable<CheckContext['start']>) {
  const { cjs } = tracerOrder;
  const traced = packages.filter(({ name }) => Object.hasOwn(TRACED, name));
  const first = (names: readonly string[]): number | undefined => {
    const orders = packages.flatMap(({ name, order }) => (names.includes(name) ? [order] : []));
    return orders.length === 0 ? undefined : Math.min(...orders);
  };
  const instrumented = Object.keys(INSTRUMENTATIONS).filter(
    (name) => first(INSTRUMENTATIONS[name] ?? []) !== undefined,
  );
  if (cjs === undefined && instrumented.length === 0)
    return notApplicable('no tracer that instruments libraries was loaded');
  const early = traced.filter(({ name, order }) => {
    const own = first(INSTRUMENTATIONS[name] ?? []);
    return (cjs !== undefined && order < cjs) || (own !== undefined && order < own);
  });
  if (early.length === 0) return pass(`${traced.length} traced libraries, all of them after the tracer`);
  return found(
    'fail',
    early.map(
      ({ name, version, by, via }) =>
        `${name} ${version}, loaded by ${relative(project.dir, by)}${via.length === 0 ? '' : ` through ${via.join(', ')}`}`,
    ),
  );
}
