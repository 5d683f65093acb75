import {
  found,
  isFalse,
  notApplicable,
  pass,
  shownVariable,
  variable,
  type ProjectCheck,
} from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-ENV-003',
  slug: 'llmobs-killed',
  title: 'DD_TRACE_ENABLED=false switches LLM Observability off, too',
  target: 'both',
  rationale:
    'Python’s requirement sets it in development. On Node it switches the whole tracer off: no LLM spans, no word about it.',
  how: 'DD_TRACE_ENABLED is false while DD_LLMOBS_ENABLED or KEEPSPAN_STACK switches on.',
  fix: 'remove it; to do without APM traces set DD_APM_TRACING_ENABLED=false',
  source: 'docs/facts/instrumentation.md, switches',
  run(context) {
    const trace = variable(context, 'DD_TRACE_ENABLED');
    if (trace === undefined || !isFalse(trace.value)) return notApplicable('DD_TRACE_ENABLED is not false');
    const off = variable(context, 'KEEPSPAN_STACK')?.value ?? '';
    if (/^(?:off|otlp)$/i.test(off)) return pass(shownVariable(trace), `KEEPSPAN_STACK=${off}`);
    return found('fail', [trace.at ?? shownVariable(trace)]);
  },
};
