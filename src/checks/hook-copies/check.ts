import { copies, found, notApplicable, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-HOOK-002',
  slug: 'hook-copies',
  title: 'Several versions of import-in-the-middle are installed',
  target: 'both',
  rationale:
    'A hook serves the instrumentations of its own copy only: the top-level hook.mjs instruments nothing of a package that brings an older copy.',
  how: 'Compares the major versions of all copies; dd-trace’s own counts, for it is the one that must win.',
  fix: 'start with keepspan/register alone and no hook.mjs of OpenTelemetry; or align the versions with `overrides`',
  source: 'docs/facts/instrumentation.md, loader hooks',
  run(context) {
    const all = copies(context, 'import-in-the-middle');
    if (all.length < 2) return notApplicable(`${all.length} copies`);
    const majors = new Set(all.map(({ version }) => version.split('.')[0]));
    const hooked =
      context.start?.hooks.some(({ what }) => /hook\.mjs/.test(what)) ??
      context.project.commands.some(({ text }) => /hook\.mjs/.test(text));
    if (majors.size === 1 || !hooked)
      return pass(`${all.length} copies; no hook.mjs is loaded that would serve the wrong one`);
    return found(
      'warn',
      all.map(({ version, path }) => `${version} in ${path}`),
    );
  },
};
