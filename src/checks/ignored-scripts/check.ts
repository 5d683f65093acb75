import { found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { placeAt } from '../project/place.ts';

export const check: ProjectCheck = {
  id: 'KS-INSTALL-002',
  slug: 'ignored-scripts',
  title: '--ignore-scripts leaves the pinned Node out',
  target: 'project',
  rationale:
    'The npm package `node` fetches its binary in an install script. Without it the Node of PATH is used, without a word: 20 perhaps, on which dd-trace 6 does not start.',
  how: 'The package `node` is a dependency, and scripts are ignored in .npmrc or in the image.',
  fix: 'allow that one script: npm rebuild node, or "allowScripts": { "node": true }; or use an image with the right Node',
  source: 'docs/facts/instrumentation.md, versions',
  run(context) {
    const { project } = context;
    if (!has(context, 'node'))
      return notApplicable(
        'Node comes from the image or the machine; dd-trace and keepspan need no install script',
      );
    const places = project.files
      .filter(({ kind }) => kind === 'deployment')
      .flatMap(({ path, text }) =>
        [...text.matchAll(/--ignore-scripts|^\s*ignore-scripts\s*=\s*true|^enableScripts:\s*false/gm)].map(
          ({ index }) => placeAt(path, text, index),
        ),
      );
    const isMended = project.files.some(({ text }) =>
      /npm rebuild node\b|"allowScripts"\s*:\s*\{[^}]*"node"\s*:\s*true/.test(text),
    );
    return places.length === 0 || isMended ? pass() : found('fail', places);
  },
};
