import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';

const ADDING =
  /headers(?:\.|\[['"]|,\s*\{\s*['"]?)(?:traceparent|x-datadog-trace-id)|propagation\.inject\s*\(|tracer\.inject\s*\(/;
const SDK = /middlewareStack\.add|aws4|SignatureV4/;

export const check: ProjectCheck = {
  id: 'KS-SIGV4-002',
  slug: 'signed-propagation',
  title: 'Trace headers are added to AWS requests before they are signed',
  target: 'project',
  rationale:
    'What a middleware of the step `build` adds is signed. The tracer replaces it when the request is sent over HTTP/1.1, and the signature breaks.',
  how: 'Files that add a trace header or inject a context, and use a middleware of the AWS SDK or a signer.',
  fix: 'start with keepspan/register, which leaves trace headers unsigned; or let the tracer alone inject, after signing',
  source: 'docs/facts/instrumentation.md, SigV4: "middleware" and "preinjected"',
  run(context) {
    const { project } = context;
    const using = new Set(project.find(SDK).map(({ file }) => file));
    if (using.size === 0) return notApplicable('no middleware of the AWS SDK and no signer');
    const places = project.find(ADDING).filter(({ file }) => using.has(file));
    if (places.length === 0) return pass('none adds trace headers');
    return mending(context)?.signers === true
      ? pass('signers leave trace headers unsigned at run time')
      : found('fail', places);
  },
};
