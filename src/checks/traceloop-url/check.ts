import { found, has, notApplicable, pass, shownVariable, variable, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-ENV-004',
  slug: 'traceloop-url',
  title: 'TRACELOOP_BASE_URL does not point to an OTLP receiver',
  target: 'both',
  rationale:
    'Unset, OpenLLMetry sends to its vendor and wants a key; on 8126 sits the Agent’s own protocol, on 4317 gRPC, and what is sent is HTTP.',
  how: 'Reads the variable in this environment and the deployment files.',
  fix: 'TRACELOOP_BASE_URL=http://<agent>:4318',
  source: 'requirement, section 7',
  run(context) {
    const url = variable(context, 'TRACELOOP_BASE_URL');
    const isThere = has(context, '@traceloop/node-server-sdk');
    if (url === undefined)
      return isThere
        ? found('fail', ['@traceloop/node-server-sdk is there, and the variable is not set'])
        : notApplicable('OpenLLMetry is not installed');
    const parsed = URL.parse(url.value);
    // A reference to another variable is resolved by somebody else.
    if (parsed === null)
      return /\$[({]/.test(url.value) ? pass(shownVariable(url)) : found('fail', [shownVariable(url)]);
    const wrong = ['8126', '4317'].includes(parsed.port) || /\/v1(?:\/|$)/.test(parsed.pathname);
    return wrong ? found('fail', [url.at ?? shownVariable(url)]) : pass(shownVariable(url));
  },
};
