import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { matches } from '../project/project.ts';

const CALL = /\b(?:traceloop|Traceloop|tl)\.initialize\s*\(|\binitialize\s*\(/;

export const check: ProjectCheck = {
  id: 'KS-DOUBLE-001',
  slug: 'double-patching',
  title: 'OpenLLMetry instruments providers that dd-trace instruments, too',
  target: 'project',
  rationale:
    'OpenLLMetry for Node does not skip what is patched. Each call is two LLM spans, and its OpenAI and Bedrock instrumentations break the application: `.stream()` throws, a stream is read before it is handed over, failed calls make no span, tokens of streams are estimated.',
  how: 'Both packages are there, and initialize() has no instrumentModules, or one that names a provider.',
  fix: 'initialize({ instrumentModules: { langchain: true } }): dd-trace for providers, OpenLLMetry for frameworks; with KEEPSPAN_STACK=dual Keepspan does it',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    const { project } = context;
    if (!has(context, 'dd-trace') || !has(context, '@traceloop/node-server-sdk'))
      return notApplicable('not both are installed');
    const files = project.files.filter(
      ({ kind, code }) => kind === 'source' && code.includes('@traceloop/node-server-sdk'),
    );
    const calls = files.flatMap((file) =>
      matches(file, CALL).map((place) => ({ ...place, argument: argumentAt(file.code, place.line) })),
    );
    if (calls.length === 0) return notApplicable('OpenLLMetry is not initialised by the application');
    const bad = calls.filter(
      ({ argument }) =>
        !/instrumentModules/.test(argument) ||
        /\b(?:openAI|bedrock|anthropic|google_vertexai|google_genai)\b/.test(argument),
    );
    return bad.length === 0 ? pass('frameworks only') : found('fail', bad);
  },
};

/** The text of a call's argument: up to the bracket that closes it. */
function argumentAt(code: string, line: number): string {
  const rest = code
    .split('\n')
    .slice(line - 1)
    .join('\n');
  const start = rest.indexOf('(', rest.search(CALL));
  let depth = 0;
  for (let at = start; at < rest.length; at += 1) {
    if (rest[at] === '(') depth += 1;
    if (rest[at] === ')') depth -= 1;
    if (depth === 0) return rest.slice(start, at);
  }
  return rest;
}
