import { found, has, pass, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';
import { initializeCalls, instrumentingProviders, withoutOwnCalls } from '../openllmetry-calls.ts';

const CLIENTS = ['openai', '@aws-sdk/client-bedrock-runtime'];
const FRAMEWORKS = ['@langchain/core', 'langchain'];

export const check: ProjectCheck = {
  id: 'KS-DOUBLE-004',
  slug: 'openllmetry-alone',
  title: 'OpenLLMetry instruments by itself, and breaks what it instruments',
  target: 'project',
  rationale:
    'Of OpenAI and Bedrock: `.stream()` and tee() throw, a stream of InvokeModel is read before it is handed over, failed calls and streams that are left have no span, tokens of streams are estimated. Of LangChain: handlers of the application are not called for models in chains, and spans have no parents.',
  how: 'initialize() is called, not after a preload on stack dual, where that call does nothing; and openai, the Bedrock client or LangChain is used. With dd-trace there the providers are KS-DOUBLE-001.',
  fix: 'KEEPSPAN_STACK=dual with keepspan/register, dd-trace for providers; without dd-trace instrumentModules: {} and llm() of keepspan around calls',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    const calls = initializeCalls(context);
    const without = withoutOwnCalls(context, calls);
    if (without !== undefined) return without;
    if (mending(context)?.openllmetry === true)
      return pass('stack dual: the preload has initialised it, and mends what it breaks');
    const used = (names: readonly string[]) => names.filter((name) => has(context, name));
    const clients = has(context, 'dd-trace') ? [] : used(CLIENTS);
    const broken = clients.length === 0 ? [] : instrumentingProviders(calls);
    if (broken.length > 0) return found('fail', [...broken, `breaks ${clients.join(', ')}`]);
    const frameworks = used(FRAMEWORKS);
    return frameworks.length === 0
      ? pass('nothing that it breaks is used')
      : found('warn', [...calls, `breaks ${frameworks.join(', ')}`]);
  },
};
