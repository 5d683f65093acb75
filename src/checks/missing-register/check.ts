import { found, isInitialised, isPreloaded, notApplicable, pass, type ProjectCheck } from '../context.ts';
import type { FileEdit } from '../../contracts/check.ts';
import { NODE_SCRIPT, preloadScripts } from '../scripts.ts';

export const check: ProjectCheck = {
  id: 'KS-LOAD-001',
  slug: 'missing-register',
  title: 'The application is started without keepspan/register',
  target: 'both',
  rationale:
    'The preload orders logging, tracer and application before anything is loaded, for ESM and CommonJS. It is what ' +
    'ddtrace-run is for Python. Without it libraries that were imported first are never instrumented.',
  how: 'Looks for keepspan/register or `keepspan run` in the commands that start the service, in NODE_OPTIONS and, with a command, in the options of the real process.',
  fix: 'start with `node --import keepspan/register app.js`, or `keepspan run -- node app.js`',
  source: 'docs/facts/instrumentation.md, load order',
  run(context) {
    const { project, start } = context;
    if (isPreloaded(context)) return pass('keepspan is loaded before the application');
    if (start !== undefined) return found('fail', [`started as: node ${start.execArgv.join(' ')}`.trim()]);
    const starting = project.commands.filter(({ text }) => NODE_SCRIPT.test(text));
    if (isInitialised(context)) {
      return found('warn', [
        'initObservability() is called by the application: what it imports before is not instrumented',
        ...starting,
      ]);
    }
    if (starting.length === 0) return notApplicable('no command that starts node was found');
    return found('fail', starting);
  },
  mend: ({ project }): readonly FileEdit[] => preloadScripts(project),
};
