import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { compareVersions } from '../versions.ts';

const FLOOR = '22.15.0';

export const check: ProjectCheck = {
  id: 'KS-VERSION-002',
  slug: 'node-version',
  title: 'The image or the process has a Node below 22.15',
  target: 'both',
  rationale: 'dd-trace 6 and Keepspan need it. On Node 20 npm installs dd-trace 5 instead, without a word.',
  how: 'Reads FROM in Dockerfiles, engines in package.json and, with a command, process.version.',
  fix: 'use Node 24, 22.15 at least: FROM node:24-slim, "engines": { "node": ">=22.15" }',
  source: 'docs/facts/instrumentation.md, versions',
  run({ project, start }) {
    if (start !== undefined)
      return compareVersions(start.node, FLOOR) < 0
        ? found('fail', [`the process runs ${start.node}`])
        : pass(start.node);
    const images = project.named(/dockerfile/i).flatMap(({ path, text }) =>
      [...text.matchAll(/^\s*FROM\s+(?:\S+\/)?node:(\d+(?:\.\d+){0,2})/gim)].map((match) => ({
        version: match[1] ?? '',
        file: path,
        line: text.slice(0, match.index).split('\n').length,
        text: match[0],
      })),
    );
    const old = images.filter(
      ({ version }) => compareVersions(/\./.test(version) ? version : `${version}.999.0`, FLOOR) < 0,
    );
    if (old.length > 0) return found('fail', old);
    const engines = String(Reflect.get(Object(project.manifest['engines']), 'node') ?? '');
    const floor = /(\d+(?:\.\d+){0,2})/.exec(engines)?.[1];
    if (floor !== undefined && compareVersions(floor, '20.0.0') < 0)
      return found('warn', [`engines.node ${engines}`]);
    return images.length === 0 && engines === ''
      ? notApplicable('no image and no engines are named')
      : pass([...images.map(({ text }) => text.trim()), engines].filter((text) => text !== '').join(', '));
  },
};
