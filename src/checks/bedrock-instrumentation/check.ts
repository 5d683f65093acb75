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
import type { CheckResult } from '../../contracts/check.ts';
import { importOf, TRACED } from '../libraries.ts';
import { mending } from '../mending.ts';

const SWITCHES = [
  'DD_TRACE_AWS_SDK_ENABLED',
  'DD_TRACE_AWS_SDK_BEDROCKRUNTIME_ENABLED',
  'DD_TRACE_AWS_SDK_SMITHY_CLIENT_ENABLED',
  'DD_TRACE_SMITHY_SMITHY_CLIENT_ENABLED',
];
const LISTS = ['DD_TRACE_DISABLED_INSTRUMENTATIONS', 'DD_TRACE_DISABLED_PLUGINS'];
/** What makes spans of Bedrock on stack otlp, where there is no dd-trace. */
const OTHERS = [
  '@opentelemetry/instrumentation-aws-sdk',
  '@opentelemetry/auto-instrumentations-node',
  '@arizeai/openinference-instrumentation-bedrock',
  '@traceloop/instrumentation-bedrock',
];
const WRAPPED = /\bllm\s*\(|@llm\b/;
const BEDROCK = '@aws-sdk/client-bedrock-runtime';

export const check: ProjectCheck = {
  id: 'KS-BEDROCK-002',
  slug: 'bedrock-instrumentation',
  title: 'Bedrock calls are not instrumented',
  target: 'both',
  rationale:
    'Node has no patch(botocore=True): the AWS SDK is instrumented as it is loaded, unless somebody switched it off. Then converse() and invokeModel() are invisible.',
  how: 'Reads the switches of dd-trace; on stack otlp looks for another instrumentation, or llm(). With a command: whether the SDK’s client was instrumented when it was loaded.',
  fix: 'remove the switch, and load the tracer before the SDK (keepspan/register)',
  source: 'requirement, section 4; docs/facts/instrumentation.md, Bedrock',
  run(context) {
    if (!has(context, BEDROCK)) return notApplicable(`${BEDROCK} is not there`);
    if (mending(context)?.stack === 'otlp') return withoutTracer(context);
    const off = SWITCHES.flatMap((name) => variable(context, name) ?? []).filter(({ value }) =>
      isFalse(value),
    );
    const listed = LISTS.flatMap((name) => variable(context, name) ?? []).filter(({ value }) =>
      /(?:^|[,\s])(?:aws-sdk|@smithy\/core|@smithy\/smithy-client|bedrockruntime)(?:[,\s]|$)/.test(value),
    );
    if (off.length + listed.length > 0) return found('fail', [...off, ...listed].map(shownVariable));
    const { start } = context;
    if (start === undefined) return pass('no switch keeps it off');
    if (!start.packages.some(({ name }) => name === BEDROCK))
      return notApplicable('the process had not loaded it when it was looked at');
    const isThere = TRACED[BEDROCK]?.some((name) => start.instrumented.includes(name)) === true;
    return isThere
      ? pass('instrumented as it was loaded')
      : found('fail', ['the process loaded it, and dd-trace did not instrument it']);
  },
};

function withoutTracer(context: CheckContext): CheckResult {
  const name = OTHERS.find((candidate) => has(context, candidate));
  if (name !== undefined) return pass(`${name} is used`);
  const { project } = context;
  const own = new Set(project.find(importOf('keepspan')).map(({ file }) => file));
  const wrapped = project.find(WRAPPED).some(({ file }) => own.has(file));
  return wrapped
    ? pass('calls are wrapped with llm()')
    : found(
        'warn',
        ['stack otlp has no dd-trace, and no instrumentation of the SDK is used'],
        'wrap calls with llm() of keepspan, or use @opentelemetry/instrumentation-aws-sdk',
      );
}
