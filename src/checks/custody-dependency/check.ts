import { copies, found, has, isPreloaded, notApplicable, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-INSTALL-003',
  slug: 'custody-dependency',
  title: 'The tracer that Keepspan starts is not installed',
  target: 'project',
  rationale:
    'dd-trace is an optional peer: without it the stack is empty, evaluations are kept and no span is made.',
  how: 'Keepspan is used and neither dd-trace nor an OTLP stack is there.',
  fix: 'npm install dd-trace@6, or KEEPSPAN_STACK=otlp with an OpenTelemetry provider',
  source: 'docs/reference/codes.md, KS-STACK-002',
  run(context) {
    if (!isPreloaded(context) && !has(context, 'keepspan')) return notApplicable('Keepspan is not used');
    if (has(context, 'dd-trace'))
      return pass(
        `dd-trace ${copies(context, 'dd-trace')[0]?.version ?? context.project.declared('dd-trace')?.range}`,
      );
    const otlp = context.variables.some(({ name, value }) => name === 'KEEPSPAN_STACK' && value === 'otlp');
    return otlp ? pass('the stack is otlp') : found('fail', ['dd-trace is neither installed nor declared']);
  },
};
