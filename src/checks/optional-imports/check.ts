import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { importOf } from '../libraries.ts';

const OPTIONAL = ['dd-trace', '@traceloop/node-server-sdk', 'keepspan'];

export const check: ProjectCheck = {
  id: 'KS-IMPORT-001',
  slug: 'optional-imports',
  title: 'A package is imported that production does not install',
  target: 'project',
  rationale:
    'In Python such imports stand in try/except ImportError. A static import of a package that is a development or optional dependency ends the process with ERR_MODULE_NOT_FOUND.',
  how: 'Static imports of dd-trace, OpenLLMetry or keepspan that package.json does not have under dependencies.',
  fix: 'move it to dependencies; keepspan’s wrappers are no-ops when nothing is switched on and need no guard',
  source: 'requirement, section 7',
  run({ project }) {
    if (Object.keys(project.manifest).length === 0) return notApplicable('there is no package.json');
    const used = OPTIONAL.flatMap((name) => {
      const places = project
        .find(importOf(name))
        .filter(({ text }) => /^\s*import\b/.test(text) && !/^\s*import\s+type\b/.test(text));
      return places.length === 0 ? [] : [{ name, places, key: project.declared(name)?.key }];
    });
    if (used.length === 0) return notApplicable('none of them is imported statically');
    const unsafe = used.filter(
      ({ key, name }) => key !== 'dependencies' && name !== project.manifest['name'],
    );
    if (unsafe.length === 0) return pass(...used.map(({ name }) => `${name} is a dependency`));
    return found(
      'fail',
      unsafe.flatMap(({ name, places, key }) => [
        ...places,
        `${name} stands under ${key ?? 'nothing in package.json'}`,
      ]),
    );
  },
};
