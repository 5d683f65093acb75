import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';

const OMITTING =
  /(?:npm\s+(?:ci|install|i)\b[^\n]*(?:--omit[= ]dev|--production|--only[= ]prod)|pnpm\s+(?:i|install)\b[^\n]*(?:--prod|-P)|yarn\s+install\b[^\n]*--production|yarn\s+workspaces\s+focus\b[^\n]*--production)/;

export const check: ProjectCheck = {
  id: 'KS-INSTALL-001',
  slug: 'production-install',
  title: 'The tracer is a development dependency, and the image leaves those out',
  target: 'project',
  rationale:
    'The preload is then not there: node ends with ERR_MODULE_NOT_FOUND, or, where the import is guarded, nothing is recorded.',
  how: 'keepspan or dd-trace under devDependencies, and an installation without development dependencies in a Dockerfile.',
  fix: 'npm install --save-prod keepspan dd-trace',
  source: 'docs.npmjs.com, npm ci, --omit',
  run({ project }) {
    const development = ['keepspan', 'dd-trace', '@traceloop/node-server-sdk'].filter(
      (name) => project.declared(name)?.key === 'devDependencies',
    );
    const files = project
      .named(/dockerfile/i)
      .filter(({ text }) => OMITTING.test(text) || /NODE_ENV[= ]production[^]*npm (?:ci|install)/.test(text));
    if (files.length === 0) return notApplicable('no image leaves development dependencies out');
    return development.length === 0
      ? pass()
      : found('fail', [`${development.join(', ')} under devDependencies`, ...files.map(({ path }) => path)]);
  },
};
