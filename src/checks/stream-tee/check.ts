import { found, has, notApplicable, pass, type CheckContext, type ProjectCheck } from '../context.ts';
import { importOf } from '../libraries.ts';
import { mending } from '../mending.ts';
import { initializeCalls, instrumentingProviders } from '../openllmetry-calls.ts';

export const check: ProjectCheck = {
  id: 'KS-STREAM-001',
  slug: 'stream-tee',
  title: 'A stream of OpenAI is split with tee(), which its instrumentation does not survive',
  target: 'project',
  rationale:
    'dd-trace wraps the iterator of a stream each time it is asked for: the second branch of tee() gets its last part twice. OpenLLMetry’s stream has no tee() at all.',
  how: 'Files that import openai and call tee(), where dd-trace is not taken over by Keepspan, or OpenLLMetry instruments the client by itself.',
  fix: 'start with keepspan/register, which gives dd-trace copies of the parts, and leave OpenLLMetry the frameworks; or read the stream once and hand its parts on to both readers',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    const { project } = context;
    if (!has(context, 'dd-trace') && !has(context, '@traceloop/node-server-sdk'))
      return notApplicable('neither instruments the client');
    const using = new Set(project.find(importOf('openai')).map(({ file }) => file));
    if (using.size === 0) return notApplicable('openai is not used');
    const places = project.find(/\.tee\s*\(\s*\)/).filter(({ file }) => using.has(file));
    if (places.length === 0) return pass('no stream is split');
    const why = whoBreaks(context);
    return why === undefined
      ? pass('dd-trace gets copies of the parts at run time')
      : found('fail', [...places, why]);
  },
};

function whoBreaks(context: CheckContext): string | undefined {
  const mended = mending(context);
  const calls = has(context, '@traceloop/node-server-sdk') ? initializeCalls(context) : [];
  if (mended?.openllmetry !== true && instrumentingProviders(calls).length > 0)
    return 'OpenLLMetry instruments the client: its stream has no tee()';
  if (has(context, 'dd-trace'))
    return mended?.tracer === true || mended?.stack === 'otlp'
      ? undefined
      : 'dd-trace instruments the client, and nothing gives it copies of the parts';
  return mended !== undefined || calls.length > 0
    ? undefined
    : 'OpenLLMetry is installed, and may instrument it';
}
