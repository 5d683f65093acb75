import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { importOf } from '../libraries.ts';
import { mending } from '../mending.ts';

export const check: ProjectCheck = {
  id: 'KS-RAW-001',
  slug: 'raw-response',
  title: 'A call of OpenAI is read by asResponse(), for which dd-trace makes no span',
  target: 'project',
  rationale:
    'dd-trace ends the span of a call when the client parses its answer. Who asks for the raw response alone parses it by himself: the call has no span, and nobody says so.',
  how: 'Files that import openai and call asResponse(), in a project that dd-trace traces.',
  fix: 'use withResponse(), which gives the parsed answer and the response; or wrap the call with llm() of keepspan',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    const { project } = context;
    if (!has(context, 'dd-trace') || mending(context)?.stack === 'otlp')
      return notApplicable('dd-trace does not trace here');
    const using = new Set(project.find(importOf('openai')).map(({ file }) => file));
    if (using.size === 0) return notApplicable('openai is not used');
    const places = project.find(/\.asResponse\s*\(/).filter(({ file }) => using.has(file));
    return places.length === 0 ? pass('no raw response is asked for') : found('warn', places);
  },
};
