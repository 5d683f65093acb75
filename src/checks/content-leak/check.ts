import {
  found,
  has,
  isFalse,
  notApplicable,
  pass,
  shownVariable,
  variable,
  type ProjectCheck,
} from '../context.ts';

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
  how: 'Content is switched off for OpenLLMetry, one of those libraries is there, and KEEPSPAN_CAPTURE_CONTENT is not none.',
  fix: 'set KEEPSPAN_CAPTURE_CONTENT=none, which is enforced before anything is written or sent',
  source: 'docs/facts/instrumentation.md, content',
  run(context) {
    const off = variable(context, 'TRACELOOP_TRACE_CONTENT');
    const isOff = off !== undefined && isFalse(off.value);
    const places = context.project.find(/traceContent\s*:\s*false/);
    if (!isOff && places.length === 0) return notApplicable('content is not switched off for OpenLLMetry');
    const libraries = LEAKING.filter((name) => has(context, name));
    if (libraries.length === 0) return pass('no library is there whose content would leave');
    if (variable(context, 'KEEPSPAN_CAPTURE_CONTENT')?.value === 'none')
      return pass('KEEPSPAN_CAPTURE_CONTENT=none');
    return found('fail', [
      ...places,
      ...(isOff ? [shownVariable(off)] : []),
      `content of ${libraries.join(', ')} leaves`,
    ]);
  },
};
