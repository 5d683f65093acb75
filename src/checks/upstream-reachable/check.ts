import { found, pass, unknown, variable, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-UPSTREAM-001',
  slug: 'upstream-reachable',
  title: 'Nobody takes connections where signals are to go',
  target: 'both',
  rationale:
    'Traces are to be visible within a minute of the first request. What cannot be delivered waits in the journal and says so, but waits.',
  how: 'Opens a connection to the Agent or the intake and closes it; nothing is sent. From another machine than the service’s the answer is `unknown`.',
  fix: 'check DD_TRACE_AGENT_URL and DD_AGENT_HOST, and that the Agent runs and listens on that address',
  source: 'requirement, sections 6 and 7',
  async run(context) {
    const why = await context.connect(context.upstream);
    if (why === undefined) return pass(context.upstream);
    const isHere =
      context.start !== undefined ||
      ['DD_TRACE_AGENT_URL', 'DD_AGENT_HOST'].some((name) => variable(context, name)?.from === 'environment');
    return isHere
      ? found('fail', [`${context.upstream}: ${why}`])
      : unknown(`${context.upstream} from here: ${why}; run it where the service runs`);
  },
};
