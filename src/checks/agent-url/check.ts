import {
  found,
  isTrue,
  notApplicable,
  pass,
  shownVariable,
  variable,
  type ProjectCheck,
} from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-ENV-005',
  slug: 'agent-url',
  title: 'No deployment file says where the Agent is',
  target: 'both',
  rationale: 'The default is 127.0.0.1:8126, which in a container is the container itself.',
  how: 'Looks for DD_TRACE_AGENT_URL, DD_AGENT_HOST, or agentless sending with a key, and at the port.',
  fix: 'DD_TRACE_AGENT_URL=http://<agent>:8126, in Kubernetes DD_AGENT_HOST from status.hostIP',
  source: 'requirement, section 7',
  run(context) {
    const url = variable(context, 'DD_TRACE_AGENT_URL') ?? variable(context, 'DD_TRACE_URL');
    const host = variable(context, 'DD_AGENT_HOST');
    const agentless = variable(context, 'DD_LLMOBS_AGENTLESS_ENABLED');
    if (url !== undefined) {
      const port = URL.parse(url.value)?.port;
      return port === '4317' || port === '4318'
        ? found('fail', [url.at ?? shownVariable(url)])
        : pass(shownVariable(url));
    }
    if (host !== undefined) return pass(shownVariable(host));
    if (agentless !== undefined && isTrue(agentless.value)) return pass(shownVariable(agentless));
    if (/^otlp$/i.test(variable(context, 'KEEPSPAN_STACK')?.value ?? ''))
      return notApplicable('the stack otlp has no Agent');
    const containers = context.project
      .named(/dockerfile|\.ya?ml$/i)
      .filter(({ text }) => /^\s*(?:FROM|kind:|image:)/m.test(text));
    return containers.length === 0
      ? notApplicable('nothing is deployed in containers here')
      : found('warn', ['neither DD_TRACE_AGENT_URL nor DD_AGENT_HOST is set']);
  },
};
