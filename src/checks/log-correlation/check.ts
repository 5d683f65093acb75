import {
  found,
  has,
  isFalse,
  isPreloaded,
  notApplicable,
  pass,
  shownVariable,
  variable,
  type ProjectCheck,
} from '../context.ts';

const LOGGERS = ['pino', 'winston', 'bunyan'];

export const check: ProjectCheck = {
  id: 'KS-LOG-001',
  slug: 'log-correlation',
  title: 'Log lines carry no trace id',
  target: 'project',
  rationale:
    'dd-trace writes dd.trace_id and dd.span_id into records of pino, winston and bunyan, unless DD_LOGS_INJECTION=false; lines of console have none, and a click from log to trace leads nowhere.',
  how: 'The variable, and which logger the application has.',
  fix: 'remove DD_LOGS_INJECTION=false; log with pino, winston or bunyan, or capture console with keepspan/logging',
  source: 'requirement, section 7; docs/guides/logging.md',
  run(context) {
    const injection = variable(context, 'DD_LOGS_INJECTION');
    if (injection !== undefined && isFalse(injection.value))
      return found('fail', [injection.at ?? shownVariable(injection)]);
    const { project } = context;
    if (project.find(/keepspan\/logging/).length > 0) return pass('keepspan/logging');
    const loggers = LOGGERS.filter(
      (name) =>
        has(context, name) ||
        (name === 'pino' && has(context, 'fastify') && project.find(/logger\s*:/).length > 0),
    );
    if (loggers.length > 0) return pass(...loggers);
    const lines = project.find(/\bconsole\.(?:log|info|warn|error)\s*\(/);
    if (lines.length === 0) return notApplicable('the application does not log');
    if (isPreloaded(context) && variable(context, 'KEEPSPAN_LOG_CAPTURE') !== undefined)
      return pass('console is captured');
    return found('warn', lines);
  },
};
