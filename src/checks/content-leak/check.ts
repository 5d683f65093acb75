import {
  found,
  has,
  isFalse,
  notApplicable,
  pass,
  shownVariable,
  variable,
  type CheckContext,
  type ProjectCheck,
} from '../context.ts';
import { mending } from '../mending.ts';

const LEAKING = [
  '@langchain/core',
  'langchain',
  '@anthropic-ai/sdk',
  '@modelcontextprotocol/sdk',
  '@pinecone-database/pinecone',
  '@qdrant/js-client-rest',
];

export const check: ProjectCheck = {
  id: 'KS-CONTENT-001',
  slug: 'content-leak',
  title: 'traceContent: false does not keep prompts back',
  target: 'both',
  rationale:
    'OpenLLMetry hands the setting to its OpenAI, Bedrock, Vertex, Cohere and LlamaIndex instrumentations only. Spans of LangChain, Anthropic, MCP, Pinecone and Qdrant carry inputs and outputs all the same.',
  how: 'Content is switched off for OpenLLMetry, one of those libraries is there, and its spans do not pass Keepspan (stack dual with a preload, or CustodySpanProcessor) with KEEPSPAN_CAPTURE_CONTENT=none.',
  fix: 'set KEEPSPAN_CAPTURE_CONTENT=none and KEEPSPAN_STACK=dual with keepspan/register, or give OpenLLMetry new CustodySpanProcessor() as its processor: it is enforced before anything is written or sent',
  source: 'docs/facts/instrumentation.md, content',
  run(context) {
    const off = variable(context, 'TRACELOOP_TRACE_CONTENT');
    const isOff = off !== undefined && isFalse(off.value);
    const places = context.project.find(/traceContent\s*:\s*false/);
    if (!isOff && places.length === 0) return notApplicable('content is not switched off for OpenLLMetry');
    const libraries = LEAKING.filter((name) => has(context, name));
    if (libraries.length === 0) return pass('no library is there whose content would leave');
    const isKept = variable(context, 'KEEPSPAN_CAPTURE_CONTENT')?.value.trim().toLowerCase() !== 'none';
    if (!isKept && passesHere(context)) return pass('KEEPSPAN_CAPTURE_CONTENT=none');
    return found('fail', [
      ...places,
      ...(isOff ? [shownVariable(off)] : []),
      `content of ${libraries.join(', ')} leaves`,
    ]);
  },
};

/** Whether spans of OpenLLMetry come through here before they leave. */
function passesHere(context: CheckContext): boolean {
  const mended = mending(context);
  if (mended === undefined) return false;
  return mended.openllmetry || context.project.find(/new\s+CustodySpanProcessor\s*\(/).length > 0;
}
