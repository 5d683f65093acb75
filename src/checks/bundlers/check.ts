import { found, notApplicable, pass, type CheckContext, type ProjectCheck } from '../context.ts';
import type { Place } from '../project/place.ts';
import { placeAt } from '../project/place.ts';

const COMMANDS =
  /\b(?:esbuild|ncc build|webpack|rollup|tsup|tsdown|bun build|parcel build|vite build)\b[^"\n]*/g;
const KEEPS = /--packages[= ]external|--external[:= ]|-e dd-trace|--no-bundle/;
const CONFIG = /^(?:webpack|esbuild|rollup|tsup|tsdown)(?:\.config)?\.[cm]?[jt]s$/;
const KEEPS_IN_CODE =
  /packages\s*:\s*['"]external['"]|externals\s*:|external\s*:|externalsPresets|nodeExternals|noExternal|dd-trace\/esbuild/;

export const check: ProjectCheck = {
  id: 'KS-BUNDLE-001',
  slug: 'bundlers',
  title: 'A bundler takes traced libraries into one file',
  target: 'project',
  rationale:
    'What is bundled is never loaded by its name, so no hook sees it: no spans, and signers that sign trace headers stay as they are.',
  how: 'esbuild, webpack, rollup, ncc, tsup and the like in scripts and configuration files, without anything kept external.',
  fix: 'keep dependencies external: esbuild --packages=external, webpack externalsPresets: { node: true } with webpack-node-externals; or the plugin dd-trace/esbuild',
  source: 'docs/facts/instrumentation.md, bundlers',
  run(context) {
    const places = [...inScripts(context), ...inFiles(context)];
    if (places.length > 0) return found('fail', places);
    return usesBundler(context)
      ? pass('dependencies stay external')
      : notApplicable('no bundler of server code was found');
  },
};

function inScripts({ project }: CheckContext): Place[] {
  const file = project.files.find(({ path }) => path === 'package.json');
  if (file === undefined) return [];
  return [...file.text.matchAll(COMMANDS)]
    .filter(({ 0: command }) => isBundling(command) && !KEEPS.test(command))
    .map(({ index }) => placeAt(file.path, file.text, index));
}

/** A command with a configuration file is judged by that; `vite build` makes pages unless it says --ssr. */
function isBundling(command: string): boolean {
  if (/vite build/.test(command)) return /--ssr/.test(command);
  if (/^(?:webpack|rollup|tsup|tsdown|parcel)/.test(command)) return false;
  return /--bundle|ncc build|bun build/.test(command);
}

function inFiles({ project }: CheckContext): Place[] {
  return project.files
    .filter(({ path, code }) => {
      const isConfig = CONFIG.test(path.split('/').at(-1) ?? '');
      const isBuild = /\besbuild\.build\s*\(|bundle\s*:\s*true/.test(code) && /['"]esbuild['"]/.test(code);
      const isServer = isBuild || !/target\s*:\s*['"]web/.test(code);
      return (
        (isConfig || isBuild) && isServer && /entry|input|bundle/.test(code) && !KEEPS_IN_CODE.test(code)
      );
    })
    .map(({ path, text }) => placeAt(path, text, Math.max(0, text.search(/entry|input|bundle/))));
}

function usesBundler({ project }: CheckContext): boolean {
  const manifest = project.files.find(({ path }) => path === 'package.json')?.text ?? '';
  return new RegExp(COMMANDS.source).test(manifest) || project.named(CONFIG).length > 0;
}
