import { copies, found, notApplicable, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-DUP-002',
  slug: 'tracer-copies',
  title: 'dd-trace is installed more than once',
  target: 'both',
  rationale:
    'Each copy has its own registries and writers: spans that one started are unknown to the other, and custody holds the traffic of one.',
  how: 'Lists every copy in node_modules; with a command, those that were loaded.',
  fix: 'npm ls dd-trace says who brings the other one; align the ranges, then npm dedupe',
  source: 'docs/facts/instrumentation.md, load order',
  run(context) {
    const all = copies(context, 'dd-trace');
    if (all.length === 0) return notApplicable('dd-trace is not installed');
    return all.length === 1
      ? pass(`${all[0]?.version}`)
      : found(
          'fail',
          all.map(({ version, path }) => `${version} in ${path}`),
        );
  },
};
