import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import type { FileEdit } from '../../contracts/check.ts';

const BARE = /import\s+(['"])dd-trace\/init\1/;

export const check: ProjectCheck = {
  id: 'KS-LOAD-004',
  slug: 'esm-init-path',
  title: 'An ES module imports dd-trace/init without its ending',
  target: 'project',
  rationale:
    "dd-trace has no export map: `import 'dd-trace/init'` ends with ERR_MODULE_NOT_FOUND, `dd-trace/init.js` is found and still comes too late for ES modules.",
  how: 'Searches the source for that import.',
  fix: 'remove the import and start with `node --import keepspan/register app.js`',
  source: 'docs/facts/instrumentation.md, load order',
  run({ project }) {
    const isModule = (file: string) => /\.m[jt]s$/.test(file) || (project.isEsm && !/\.c[jt]s$/.test(file));
    const places = project.find(BARE).filter(({ file }) => isModule(file));
    if (places.length > 0) return found('fail', places);
    return project.find(/dd-trace\/init/).length === 0
      ? notApplicable('nothing imports dd-trace/init')
      : pass();
  },
  mend: ({ project }): readonly FileEdit[] =>
    project.files.flatMap(({ path, text, kind }) => {
      if (kind !== 'source' || !BARE.test(text) || (!project.isEsm && !path.endsWith('.mjs'))) return [];
      return [
        {
          file: path,
          before: text,
          after: text.replace(new RegExp(BARE, 'g'), 'import $1dd-trace/init.js$1'),
        },
      ];
    }),
};
