import { found, has, isPreloaded, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { importOf } from '../libraries.ts';

const TEMPLATE = /AWS::Serverless::Function|AWS::Lambda::Function|^\s*provider:\s*\n\s+name:\s*aws\b/m;
const CONSTRUCT = /new\s+(?:lambda\.Function|NodejsFunction|lambda\.DockerImageFunction)\s*\(/;
const HANDLER =
  /^[ \t]*export\s+(?:const\s+handler\b|(?:async\s+)?function\s+handler\b)|\b(?:module\.)?exports\.handler\s*=|awslambda\.streamifyResponse\s*\(/m;

export const check: ProjectCheck = {
  id: 'KS-EXIT-005',
  slug: 'lambda-handler',
  title: 'A function of AWS Lambda is frozen before its signals are sent',
  target: 'project',
  rationale:
    'The sandbox stands still from the answer of one invocation to the next event, and may never go on: what a tracer has not sent by then waits, or is gone with it.',
  how: 'Templates of SAM, CloudFormation or Serverless, or constructs of the CDK, beside a tracer or Keepspan; then handlers in files that do not call lambda() of keepspan.',
  fix: "wrap the handler: import { lambda } from 'keepspan'; export const handler = lambda(async (event) => …)",
  source: 'docs/facts/instrumentation.md, AWS Lambda',
  run(context) {
    const { project } = context;
    const isFunction =
      project.files.some(({ kind, text }) => kind === 'deployment' && TEMPLATE.test(text)) ||
      project.find(CONSTRUCT).length > 0;
    if (!isFunction) return notApplicable('nothing is deployed to AWS Lambda here');
    const isTraced =
      isPreloaded(context) ||
      ['keepspan', 'dd-trace', '@opentelemetry/api'].some((name) => has(context, name));
    if (!isTraced) return notApplicable('no tracer is used');
    const handlers = project.find(HANDLER);
    if (handlers.length === 0) return notApplicable('no handler was found');
    const wrapping = new Set(
      project
        .find(/\blambda\s*\(/)
        .map(({ file }) => file)
        .filter((file) => project.find(importOf('keepspan')).some((place) => place.file === file)),
    );
    const bare = handlers.filter(({ file }) => !wrapping.has(file));
    return bare.length === 0 ? pass('each delivers before it answers') : found('fail', bare);
  },
};
