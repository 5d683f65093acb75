import { found, has, notApplicable, pass, shownVariable, variable, type ProjectCheck } from '../context.ts';

const NAMES = [
  'TRACELOOP_BLOCK_INSTRUMENTS',
  'OTEL_NODE_DISABLED_INSTRUMENTATIONS',
  'OTEL_NODE_ENABLED_INSTRUMENTATIONS',
];

export const check: ProjectCheck = {
  id: 'KS-DOUBLE-002',
  slug: 'ineffective-block-lists',
  title: 'OpenLLMetry for Node has no block list',
  target: 'project',
  rationale:
    'Python’s block_instruments does not exist: neither the option nor the variables keep an instrumentation out, and its spans are made. HTTP clients are not instrumented by it at all.',
  how: 'Looks for the variables and for block_instruments beside @traceloop/node-server-sdk.',
  fix: 'name what is wanted instead: initialize({ instrumentModules: { langchain: true } })',
  source: 'requirement, section 4; docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    if (!has(context, '@traceloop/node-server-sdk')) return notApplicable('OpenLLMetry is not installed');
    const given = NAMES.flatMap((name) => variable(context, name) ?? []).map(shownVariable);
    const places = context.project.find(/\bblock_?[iI]nstruments\b/);
    return given.length + places.length === 0 ? pass() : found('warn', [...places, ...given]);
  },
};
