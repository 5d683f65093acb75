import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';

const HANDLER = /process\.(?:on|once)\s*\(\s*['"](?:SIGTERM|SIGINT)['"]/;

export const check: ProjectCheck = {
  id: 'KS-EXIT-001',
  slug: 'shutdown-handlers',
  title: 'A signal handler ends the process without a flush',
  target: 'project',
  rationale:
    'dd-trace has no handler for SIGTERM: process.exit in one of the application’s loses everything that waits, 1,000 of 1,000 spans.',
  how: 'Files with a handler for SIGTERM or SIGINT and process.exit, in a project where Keepspan takes no custody of spans: it is not part of it, or KEEPSPAN_CUSTODY is observe or evaluations.',
  fix: 'start with keepspan/register: exits drain into the journal; or await flushObservability() before process.exit',
  source: 'requirement, section 1; docs/facts/dd-trace.md',
  run(context) {
    const { project } = context;
    const handlers = project.find(HANDLER);
    if (handlers.length === 0) return notApplicable('the application has no signal handlers of its own');
    if (mending(context)?.keeps === true) return pass('every exit drains into the journal');
    const exiting = new Set(project.find(/process\.exit\s*\(/).map(({ file }) => file));
    const places = handlers.filter(({ file }) => exiting.has(file));
    return places.length === 0 ? pass('none of them ends the process by itself') : found('fail', places);
  },
};
