import { found, notApplicable, pass, shownVariable, variable, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-LOG-002',
  slug: 'log-levels',
  title: 'A production deployment logs at debug',
  target: 'both',
  rationale:
    'Debug records of the application and of AWS SDK, OpenSearch and HTTP clients are the most expensive part of logs in production, and hold what prompts hold.',
  how: 'LOG_LEVEL, DD_TRACE_DEBUG, DEBUG and OTEL_LOG_LEVEL where the environment is production.',
  fix: 'LOG_LEVEL=info; third-party loggers stand at warn by themselves with keepspan/logging',
  source: 'requirement, sections 3 and 7; docs/guides/logging.md',
  run(context) {
    const env =
      variable(context, 'KEEPSPAN_ENV')?.value ?? variable(context, 'DD_ENV')?.value ?? 'production';
    if (/^dev/i.test(env)) return notApplicable(`the environment is ${env}`);
    const given = ['LOG_LEVEL', 'OTEL_LOG_LEVEL', 'DD_TRACE_DEBUG'].flatMap(
      (name) => variable(context, name) ?? [],
    );
    const loud = given.filter(
      ({ name, value }) =>
        /^(?:debug|trace|all|verbose)$/i.test(value) ||
        (name === 'DD_TRACE_DEBUG' && /^(?:1|true)$/i.test(value)),
    );
    return loud.length === 0
      ? pass(...given.map(shownVariable))
      : found(
          'warn',
          loud.map(({ at, ...rest }) => at ?? shownVariable(rest)),
        );
  },
};
