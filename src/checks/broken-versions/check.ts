import { copies, found, has, notApplicable, pass, type CheckContext, type ProjectCheck } from '../context.ts';
import { BROKEN } from '../broken-versions.ts';
import { mending } from '../mending.ts';
import { inRange } from '../versions.ts';

export const check: ProjectCheck = {
  id: 'KS-VERSION-001',
  slug: 'broken-versions',
  title: 'A version is installed that is known not to work here',
  target: 'both',
  rationale:
    'Each row was measured, or read in the package: spans are missing, doubled or wrong, or the application breaks.',
  how: 'Compares what is installed, and what is installed beside it, with the table in src/checks/broken-versions.ts; what Keepspan repairs in this project is left out.',
  fix: 'install a version outside the range',
  source: 'docs/facts/instrumentation.md, versions',
  run(context) {
    const used = BROKEN.filter(({ name }) => has(context, name));
    const mended = mending(context);
    const rows = used.flatMap((row) => {
      const { beside, repaired } = row;
      if (mended !== undefined && repaired?.(mended) === true) return [];
      if (beside !== undefined && !isBeside(context, beside)) return [];
      return copies(context, row.name)
        .filter(({ version }) => inRange(version, row.range))
        .map((copy) => ({ row, copy }));
    });
    if (rows.length > 0) {
      const [first] = rows;
      return found(
        rows.some(({ row }) => row.severity === 'fail') ? 'fail' : 'warn',
        rows.map(({ row, copy }) => `${copy.name} ${copy.version}: ${row.what}`),
        first?.row.fix,
      );
    }
    return used.length > 0 ? pass() : notApplicable('none of the listed packages is used');
  },
};

function isBeside(
  context: CheckContext,
  { name, range }: { readonly name: string; readonly range: string },
): boolean {
  if (!has(context, name)) return false;
  const all = copies(context, name);
  // The service's own copy; another package may have a second one for itself.
  const own = all.filter(({ path }) => path === `node_modules/${name}`);
  return (own.length > 0 ? own : all).some(({ version }) => inRange(version, range));
}
