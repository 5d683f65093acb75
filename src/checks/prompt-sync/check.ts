import { found, isFalse, pass, shownVariable, variable, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';
import { initializeCalls, withoutOwnCalls } from '../openllmetry-calls.ts';

export const check: ProjectCheck = {
  id: 'KS-EXIT-004',
  slug: 'prompt-sync',
  title: 'A failed fetch of prompts ends the process',
  target: 'project',
  rationale:
    'With its vendor’s address OpenLLMetry fetches prompts when it is initialised, by default. A fetch that fails is a rejection that nobody handles, and Node ends the process.',
  how: 'initialize() is called, the address is the vendor’s (TRACELOOP_BASE_URL or baseUrl; unset means that), and neither TRACELOOP_SYNC_ENABLED=false nor traceloopSyncEnabled: false is there. With a preload and stack dual that call does nothing.',
  fix: 'TRACELOOP_SYNC_ENABLED=false, or initialize({ traceloopSyncEnabled: false })',
  source: 'docs/facts/instrumentation.md, double instrumentation',
  run(context) {
    const calls = initializeCalls(context);
    const without = withoutOwnCalls(context, calls);
    if (without !== undefined) return without;
    if (mending(context)?.openllmetry === true)
      return pass('stack dual: the preload has initialised it without prompts');
    const sync = variable(context, 'TRACELOOP_SYNC_ENABLED');
    if (sync !== undefined && isFalse(sync.value)) return pass(shownVariable(sync));
    const url = variable(context, 'TRACELOOP_BASE_URL');
    const fetching = calls.filter(({ argument }) => {
      if (/traceloopSyncEnabled\s*:\s*false/.test(argument)) return false;
      const given = /\bbaseUrl\s*:\s*['"`]([^'"`]*)/.exec(argument)?.[1] ?? url?.value;
      // Any other expression is not known to be the vendor's.
      return given === undefined ? !/\bbaseUrl\b/.test(argument) : given.includes('traceloop');
    });
    return fetching.length === 0 ? pass('no prompts are fetched') : found('fail', fetching);
  },
};
