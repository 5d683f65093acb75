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
  id: 'KS-ENV-002',
  slug: 'llmobs-enabled',
  title: 'No deployment file switches observability on',
  target: 'both',
  rationale:
    'Off is the default: without DD_LLMOBS_ENABLED or KEEPSPAN_STACK nothing is recorded, and the service runs as if it were.',
  how: 'Looks for the variables in this environment and in Dockerfiles, manifests and .env files.',
  fix: 'set DD_LLMOBS_ENABLED=1 in the deployment; `keepspan config k8s` prints one',
  source: 'requirement, section 7',
  run(context) {
    const stack = variable(context, 'KEEPSPAN_STACK');
    const enabled = variable(context, 'DD_LLMOBS_ENABLED');
    if (stack !== undefined && stack.value.toLowerCase() !== 'off') return pass(shownVariable(stack));
    if (enabled !== undefined && isTrue(enabled.value) && stack === undefined)
      return pass(shownVariable(enabled));
    const given = [stack, enabled].filter((one) => one !== undefined).map(shownVariable);
    if (given.length > 0) return found('fail', given);
    const deployed = context.project.files.some(
      ({ kind, path }) => kind === 'deployment' && path !== 'package.json',
    );
    return deployed || context.start !== undefined
      ? found('fail', ['neither variable is set'])
      : notApplicable('the project has no deployment files');
  },
};
