import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';
import { initializeCalls, instrumentingProviders } from '../openllmetry-calls.ts';

export const check: ProjectCheck = {
  id: 'KS-DOUBLE-001',
  slug: 'double-patching',
  title: 'OpenLLMetry instruments providers that dd-trace instruments, too',
  target: 'project',
  rationale:
    'OpenLLMetry for Node does not skip what is patched. Each call is two LLM spans, and its OpenAI and Bedrock instrumentations break the application: `.stream()` throws, a stream is read before it is handed over, failed calls make no span, tokens of streams are estimated.',
  how: 'Both packages are there, and initialize() has no instrumentModules, or one that names a provider. With a preload and stack dual that call does nothing.',
  fix: 'initialize({ instrumentModules: { langchain: true } }): dd-trace for providers, OpenLLMetry for frameworks; with KEEPSPAN_STACK=dual Keepspan does it',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    if (!has(context, 'dd-trace') || !has(context, '@traceloop/node-server-sdk'))
      return notApplicable('not both are installed');
    const calls = initializeCalls(context);
    if (calls.length === 0) return notApplicable('OpenLLMetry is not initialised by the application');
    const bad = instrumentingProviders(calls);
    if (bad.length === 0) return pass('frameworks only');
    return mending(context)?.openllmetry === true
      ? pass('stack dual: the preload has initialised it for frameworks, and a second call does nothing')
      : found('fail', bad);
  },
};
