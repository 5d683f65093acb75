import type { Mending } from './mending.ts';

/** A version that does not work, alone or beside another. */
export interface BrokenVersion {
  readonly name: string;
  /** Comparators that must all hold: `>=4 <6`. */
  readonly range: string;
  readonly beside?: { readonly name: string; readonly range: string };
  readonly severity: 'fail' | 'warn';
  readonly what: string;
  /** Where Keepspan makes it work, or leaves the package alone: there it is no finding. */
  readonly repaired?: (mending: Mending) => boolean;
  readonly fix: string;
  /** Where it was measured or read. */
  readonly source: string;
}

/** Stack otlp starts no dd-trace. */
const notStarted = ({ stack }: Mending): boolean => stack === 'otlp';

/** Rows are added as they are measured, with their source; docs/facts/instrumentation.md has the figures. */
export const BROKEN: readonly BrokenVersion[] = [
  {
    name: 'dd-trace',
    range: '<6',
    severity: 'fail',
    what: 'this major has other internals: custody is `evaluations` only; npm on Node 20 chooses it silently',
    repaired: notStarted,
    fix: 'npm install dd-trace@6 on Node 22.15 or later',
    source: 'measured: npm install on Node 20 resolved 5.132.0',
  },
  {
    name: 'dd-trace',
    range: '>=7',
    severity: 'warn',
    what: 'not tested: llmobs.enable() is announced to go, custody uses the public protocol only',
    repaired: notStarted,
    fix: 'npm install dd-trace@6',
    source: 'read: deprecation in dd-trace 6.21, packages/dd-trace/src/llmobs/sdk.js',
  },
  {
    name: '@traceloop/node-server-sdk',
    range: '>=0.20 <0.28',
    beside: { name: 'openai', range: '>=7' },
    severity: 'fail',
    what: 'its OpenAI instrumentation takes openai >=4 <7 only: calls make no span of its',
    repaired: ({ openllmetry }) => openllmetry,
    fix: 'let dd-trace trace OpenAI: KEEPSPAN_STACK=dual, or openai below 7',
    source: 'read: @traceloop/instrumentation-openai 0.27, supported versions',
  },
  {
    name: '@opentelemetry/instrumentation-openai',
    range: '<0.23.0',
    beside: { name: 'openai', range: '>=7' },
    severity: 'fail',
    what: 'it takes openai >=4.19 <7 only: calls make no span of its',
    repaired: ({ tracer }) => tracer,
    fix: 'wrap calls with llm() of keepspan, or openai below 7',
    source: 'measured: test/matrix with 0.21; read: 0.22, supported versions',
  },
  {
    name: '@aws-sdk/client-bedrock-runtime',
    range: '>=3.1046.0',
    beside: { name: 'dd-trace', range: '<=5.104.0' },
    severity: 'fail',
    what: 'these clients extend @smithy/core; dd-trace before it knew that home makes no span of a Bedrock call',
    repaired: notStarted,
    fix: 'npm install dd-trace@6.21.0',
    source:
      'read: dd-trace 6.21, packages/datadog-instrumentations/src/aws-sdk.js, comment at the hook of @smithy/core',
  },
  {
    name: '@platformatic/kafka',
    range: '>=0.0.1',
    beside: { name: 'dd-trace', range: '>=6 <6.22' },
    severity: 'warn',
    what: 'dd-trace has no integration for this client: messages have no spans but those that Keepspan makes',
    repaired: () => true,
    fix: 'start with keepspan/register',
    source: 'measured: docs/facts/counterparts.md',
  },
];
