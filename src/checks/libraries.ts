/**
 * Libraries whose calls a tracer turns into spans, with the names under which dd-trace 6.21 announces that it has
 * instrumented them (packages/datadog-instrumentations/src/helpers/hooks.js).
 */
export const TRACED: Readonly<Record<string, readonly string[]>> = {
  openai: ['openai'],
  '@anthropic-ai/sdk': ['@anthropic-ai/sdk'],
  '@google/genai': ['@google/genai'],
  '@google-cloud/vertexai': ['@google-cloud/vertexai'],
  '@langchain/core': ['@langchain/core'],
  ai: ['ai'],
  '@aws-sdk/client-bedrock-runtime': ['@smithy/core', '@smithy/smithy-client', '@aws-sdk/smithy-client'],
  '@aws-sdk/client-sqs': ['@smithy/core', '@smithy/smithy-client', '@aws-sdk/smithy-client'],
  kafkajs: ['kafkajs'],
  fastify: ['fastify'],
  express: ['express'],
  pg: ['pg'],
  mysql2: ['mysql2'],
  mongodb: ['mongodb'],
  ioredis: ['ioredis'],
  '@redis/client': ['@redis/client', '@node-redis/client'],
  '@opensearch-project/opensearch': ['@opensearch-project/opensearch'],
};

/** Packages that make LLM calls. */
export const LLM_CLIENTS: readonly string[] = [
  'openai',
  '@anthropic-ai/sdk',
  '@google/genai',
  '@google-cloud/vertexai',
  '@langchain/core',
  'ai',
  '@aws-sdk/client-bedrock-runtime',
];

/** `from 'openai'`, `require('openai')` or `import('openai')`, a file of the package included. */
export function importOf(name: string): RegExp {
  const escaped = name.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  return new RegExp(
    String.raw`(?:from\s+|import\s+|require\s*\(\s*|import\s*\(\s*)['"]${escaped}(?:\/[^'"]*)?['"]`,
  );
}
