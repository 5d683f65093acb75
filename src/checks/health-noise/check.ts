import { found, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-NOISE-002',
  slug: 'health-noise',
  title: 'Health probes are traced',
  target: 'both',
  rationale: 'A probe every ten seconds in each pod is the commonest trace of a quiet service.',
  how: 'Asks the policy that applies here for its verdict on GET /health.',
  fix: 'remove DD_TRACE_SAMPLING_RULES to get the profile’s rules, or add {"noise":"health","sample_rate":0}',
  source: 'requirement, section 2; docs/guides/noise.md',
  run({ noise: { healthKept } }) {
    if (healthKept === undefined) return found('warn', ['the policy has no rule for health probes']);
    return healthKept > 0 ? found('fail', [`${healthKept * 100} % are kept`]) : pass('none is kept');
  },
};
