import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { importOf } from '../libraries.ts';
import { mending } from '../mending.ts';

const INSTRUMENTATIONS = [
  '@opentelemetry/instrumentation-openai',
  '@opentelemetry/auto-instrumentations-node',
] as const;
/** What it breaks in the application; then what has no span. */
const BROKEN = /\.parse\s*\(|\.asResponse\s*\(|\.withResponse\s*\(/;
const STREAM = /\bstream\s*:\s*true/;

export const check: ProjectCheck = {
  id: 'KS-OTEL-004',
  slug: 'openai-instrumentation',
  title: 'OpenTelemetry’s instrumentation of OpenAI breaks calls, or loses their spans',
  target: 'project',
  rationale:
    'It reads an answer before the application does: .parse() throws "Body has already been read", and so does whoever reads a raw response. Streams that are left or fail on the way have no span.',
  how: 'Its package is used, and Keepspan does not repair it: there is neither a preload nor a CustodySpanProcessor, or the stack is another than otlp. Then looks at files that import openai for .parse(), .asResponse(), .withResponse() and `stream: true`.',
  fix: 'start with keepspan/register and KEEPSPAN_STACK=otlp, before openai is loaded: both are repaired at run time',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    const name = INSTRUMENTATIONS.find((candidate) => has(context, candidate));
    if (name === undefined) return notApplicable('it is not used');
    if (mending(context)?.instrumentations === true) return pass(`${name} is mended as it is loaded`);
    const { project } = context;
    const using = new Set(project.find(importOf('openai')).map(({ file }) => file));
    const find = (pattern: RegExp) => project.find(pattern).filter(({ file }) => using.has(file));
    const broken = find(BROKEN).filter(({ text }) => !/\bJSON\.parse\s*\(/.test(text));
    if (broken.length > 0) return found('fail', broken);
    const streams = find(STREAM);
    return streams.length > 0 ? found('warn', streams) : pass('nothing that it breaks was found');
  },
};
