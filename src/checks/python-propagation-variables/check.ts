import {
  found,
  isFalse,
  notApplicable,
  pass,
  shownVariable,
  variable,
  type ProjectCheck,
} from '../context.ts';
import { mending } from '../mending.ts';

const NAMES = [
  'DD_REQUESTS_DISTRIBUTED_TRACING',
  'DD_URLLIB3_DISTRIBUTED_TRACING',
  'DD_HTTP_DISTRIBUTED_TRACING',
];

export const check: ProjectCheck = {
  id: 'KS-SIGV4-003',
  slug: 'python-propagation-variables',
  title: 'A variable of Python’s tracer has no effect on Node',
  target: 'both',
  rationale:
    'dd-trace for Node does not know these names: trace headers go out all the same. Keepspan gives the first two their meaning: no trace headers on outgoing HTTP.',
  how: 'Looks for the variables and for who would read them: Keepspan on the stacks datadog and dual.',
  fix: 'start with keepspan/register; without it set DD_TRACE_PROPAGATION_STYLE_INJECT=none, on stack otlp OTEL_PROPAGATORS=none',
  source: 'requirement, section 4; docs/facts/instrumentation.md, SigV4',
  run(context) {
    const given = NAMES.flatMap((name) => variable(context, name) ?? []).filter(({ value }) =>
      isFalse(value),
    );
    if (given.length === 0)
      return notApplicable('none of them is set: signatures do not cover what is injected after signing');
    const mended = mending(context);
    // Instrumentations of OpenTelemetry propagate by its API, whatever these say.
    const isRead = mended !== undefined && mended.stack !== 'otlp';
    const unread = given.filter(({ name }) => name === 'DD_HTTP_DISTRIBUTED_TRACING' || !isRead);
    return unread.length === 0 ? pass(...given.map(shownVariable)) : found('fail', unread.map(shownVariable));
  },
};
