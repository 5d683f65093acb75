import { found, notApplicable, pass, shownVariable, variable, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-ENV-006',
  slug: 'service-identity',
  title: 'The deployment names neither service nor ml_app',
  target: 'both',
  rationale:
    'Without DD_LLMOBS_ML_APP dd-trace’s own submitEvaluation throws into the application; without DD_SERVICE the name is that of package.json, or `node`.',
  how: 'Looks for DD_SERVICE, DD_LLMOBS_ML_APP and OTEL_SERVICE_NAME.',
  fix: 'set DD_SERVICE and DD_LLMOBS_ML_APP',
  source: 'docs/facts/instrumentation.md, switches',
  run(context) {
    const given = ['DD_LLMOBS_ML_APP', 'DD_SERVICE', 'OTEL_SERVICE_NAME'].flatMap(
      (name) => variable(context, name) ?? [],
    );
    if (given.length > 0) return pass(...given.map(shownVariable));
    const deployed = context.project.files.some(
      ({ kind, path }) => kind === 'deployment' && path !== 'package.json',
    );
    if (!deployed) return notApplicable('the project has no deployment files');
    return found('warn', [
      `package.json says ${JSON.stringify(context.project.manifest['name'] ?? 'nothing')}`,
    ]);
  },
};
