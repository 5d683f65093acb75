import { found, notApplicable, pass, shownVariable, variable, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-ENV-007',
  slug: 'environment-named',
  title: 'The deployment does not say which environment it is',
  target: 'both',
  rationale:
    'DD_ENV chooses the profile: sampling, log levels and thresholds. Unset it means production, also on a laptop.',
  how: 'Looks for DD_ENV or KEEPSPAN_ENV in this environment and the deployment files.',
  fix: 'set DD_ENV to development, staging or production',
  source: 'requirement, sections 5 and 7',
  run(context) {
    const given = variable(context, 'KEEPSPAN_ENV') ?? variable(context, 'DD_ENV');
    if (given !== undefined) return pass(shownVariable(given));
    const deployed = context.project.files.some(
      ({ kind, path }) => kind === 'deployment' && path !== 'package.json',
    );
    return deployed
      ? found('warn', ['neither DD_ENV nor KEEPSPAN_ENV is set'])
      : notApplicable('the project has no deployment files');
  },
};
