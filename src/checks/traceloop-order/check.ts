import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';

export const check: ProjectCheck = {
  id: 'KS-LOAD-006',
  slug: 'traceloop-order',
  title: 'OpenLLMetry is initialised before dd-trace',
  target: 'project',
  rationale:
    'The order is logging, dd-trace, OpenLLMetry, application. The other way round OpenLLMetry’s dependencies are loaded before the tracer.',
  how: 'Compares the lines of both calls in files that have both.',
  fix: 'start with keepspan/register, which initialises dd-trace first; call Traceloop.initialize() after it',
  source: 'requirement, section 7; docs/facts/instrumentation.md, load order',
  run(context) {
    const { project } = context;
    const traceloop = project
      .find(/\binitialize\s*\(/)
      .filter(({ file }) => project.find(/@traceloop\/node-server-sdk/).some((place) => place.file === file));
    if (traceloop.length === 0) return notApplicable('OpenLLMetry is not initialised by the application');
    const inits = project.find(/\.init\s*\(|initObservability\s*\(/);
    const early = traceloop.filter((call) =>
      inits.some((init) => init.file === call.file && init.line > call.line),
    );
    if (early.length === 0) return pass();
    return mending(context)?.preloaded === true
      ? pass('the preload comes before both')
      : found('fail', early);
  },
};
