import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';

const SIGNING =
  /\b(?:aws4\.sign|RequestSigner|new\s+SignatureV4|SignatureV4\s*\(|\.presign\s*\(|signRequest\s*\()/;
const FORWARDING =
  /headers\s*:\s*(?:\{\s*\.\.\.)?\s*(?:req|request|ctx\.req|ctx\.request|event|c\.req)\.(?:raw\.)?headers\b|\.\.\.(?:req|request|event)\.headers\b/;

export const check: ProjectCheck = {
  id: 'KS-SIGV4-001',
  slug: 'forwarded-headers',
  title: 'Incoming headers are forwarded into requests that are signed',
  target: 'project',
  rationale:
    'A traceparent among the signed headers is replaced by the tracer afterwards: the signature no longer holds, and AWS answers 403.',
  how: 'Files that sign (aws4, SignatureV4) and hand on the headers of an incoming request. Keepspan makes these signers leave trace headers out; a signer that a bundler took in is out of its reach.',
  fix: 'start with keepspan/register, or strip traceparent, tracestate, baggage and x-datadog-* before signing',
  source: 'docs/facts/instrumentation.md, SigV4: "forwarded"',
  run(context) {
    const { project } = context;
    const signing = new Set(project.find(SIGNING).map(({ file }) => file));
    if (signing.size === 0) return notApplicable('nothing signs AWS requests by itself');
    const places = project.find(FORWARDING).filter(({ file }) => signing.has(file));
    if (places.length === 0) return pass('no incoming headers are handed on where requests are signed');
    return mending(context)?.signers === true && !has(context, 'esbuild') && !has(context, 'webpack')
      ? pass('aws4 and @smithy/signature-v4 leave trace headers unsigned at run time')
      : found('fail', places);
  },
};
