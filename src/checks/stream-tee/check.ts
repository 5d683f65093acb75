import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { importOf } from '../libraries.ts';

export const check: ProjectCheck = {
  id: 'KS-STREAM-001',
  slug: 'stream-tee',
  title: 'A stream of OpenAI is split with tee(), which dd-trace does not survive',
  target: 'project',
  rationale:
    'dd-trace wraps the iterator of a stream each time it is asked for: the second branch of tee() gets its last part twice. OpenLLMetry’s stream has no tee() at all.',
  how: 'Files that import openai and call tee().',
  fix: 'read the stream once and hand its parts on to both readers',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    const { project } = context;
    if (!has(context, 'dd-trace') && !has(context, '@traceloop/node-server-sdk'))
      return notApplicable('neither instruments the client');
    const using = new Set(project.find(importOf('openai')).map(({ file }) => file));
    if (using.size === 0) return notApplicable('openai is not used');
    const places = project.find(/\.tee\s*\(\s*\)/).filter(({ file }) => using.has(file));
    return places.length === 0 ? pass('no stream is split') : found('fail', places);
  },
};
