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
import { TRACED } from '../libraries.ts';

const SWITCHES = [
  'DD_TRACE_AWS_SDK_ENABLED',
  'DD_TRACE_AWS_SDK_BEDROCKRUNTIME_ENABLED',
  'DD_TRACE_AWS_SDK_SMITHY_CLIENT_ENABLED',
  'DD_TRACE_SMITHY_SMITHY_CLIENT_ENABLED',
];
const LISTS = ['DD_TRACE_DISABLED_INSTRUMENTATIONS', 'DD_TRACE_DISABLED_PLUGINS'];
const BEDROCK = '@aws-sdk/client-bedrock-runtime';

export const check: ProjectCheck = {
  id: 'KS-BEDROCK-002',
  slug: 'bedrock-instrumentation',
  title: 'Bedrock calls are not instrumented',
  target: 'both',
  rationale:
    'Node has no patch(botocore=True): the AWS SDK is instrumented as it is loaded, unless somebody switched it off. Then converse() and invokeModel() are invisible.',
  how: 'Reads the switches of dd-trace. With a command: whether the SDK’s client was instrumented when it was loaded.',
  fix: 'remove the switch, and load the tracer before the SDK (keepspan/register)',
  source: 'requirement, section 4; docs/facts/instrumentation.md, Bedrock',
  run(context) {
    if (!has(context, BEDROCK)) return notApplicable(`${BEDROCK} is not there`);
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
