import type { Judge } from '../contracts/sampling.ts';
import { KEEP_EVERYTHING, type Policy, type PolicyProblem } from '../sampling/policy.ts';
import { resolvePolicy } from '../sampling/resolve-policy.ts';
import { createSampler, type Sampler } from '../sampling/sampler.ts';
import { loadConfigFile, type ConfigFile } from '../settings/file.ts';
import { REAL_HOST } from '../settings/host.ts';
import type { Problem } from '../settings/problem.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

const RULES_OF = ['DD_TRACE_SAMPLING_RULES', 'options.samplingRules', 'settings.samplingRules'];

/**
 * The policy in effect. One that is not valid keeps everything and is one line on stderr.
 *
 * @param problems of the settings: rules that could not even be read are said by them already
 */
export function policyOf(
  settings: Pick<Settings, 'profile' | 'samplingRules' | 'configFile'>,
  file: Pick<ConfigFile, 'document'> = loadConfigFile(settings.configFile, REAL_HOST),
  problems: readonly Problem[] = [],
): Policy {
  if (problems.some(({ variable }) => RULES_OF.includes(variable)))
    return { ...KEEP_EVERYTHING, source: 'refused' };
  const resolved = resolvePolicy({
    profile: settings.profile,
    environmentRules: settings.samplingRules,
    fileSection: file.document['sampling'],
  });
  sayPolicyProblems(resolved.problems);
  return resolved.policy;
}

/** One line for a refused policy, whatever else is wrong with it: the first error says enough to mend it. */
export function sayPolicyProblems(problems: readonly PolicyProblem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const { code, severity: _severity, ...detail } = first;
  warnOnce(code, { ...detail, site: first.at, errors: errors.length });
}

/** What an encoder needs of a policy. Without rules nothing is looked at. */
export interface Thinning {
  readonly sampler: Sampler;
  readonly options: { readonly judge?: Judge; readonly onEvaluated?: (spanId: bigint) => void };
}

export function thinningBy(policy: Policy): Thinning {
  const sampler = createSampler({ policy });
  return {
    sampler,
    options: policy.rules.length === 0 ? {} : { judge: sampler.judge, onEvaluated: sampler.noteEvaluated },
  };
}
