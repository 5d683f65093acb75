// The lockfile must install anywhere: from whatever registry is configured, on every platform. npm leaves out an
// optional dependency whose manifest it could not get, and `npm ci` then refuses the lockfile as out of date.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, LockEntry>>;

/** Packages that come from a host other than the public registry; without hosts npm asks the configured one. */
export function foreignHosts(packages: Packages): string[] {
  return Object.entries(packages).flatMap(([path, { resolved }]) =>
    resolved === undefined || resolved.startsWith('https://registry.npmjs.org/')
      ? []
      : [`${path} from ${resolved}`],
  );
}

/** Dependencies of an entry that the lockfile does not hold where node would look, or not in the version asked for. */
export function missingEntries(packages: Packages): string[] {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries({ ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies })
      .filter(([name, range]) => {
        const found = lookUp(packages, path, name);
        return found === undefined || (/^\d+\.\d+\.\d+$/.test(range) && found.version !== range);
      })
      .map(([name, range]) => `${name}@${range}, asked for by ${path || 'package.json'}`),
  );
}

function lookUp(packages: Packages, from: string, name: string): LockEntry | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const found = packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`];
    if (found !== undefined || folder === '') return found;
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..', '..');
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Packages;
  };
  const findings = [
    ...foreignHosts(packages).map((text) => `host of its own: ${text}`),
    ...missingEntries(packages).map((text) => `no entry: ${text}`),
  ];
  for (const finding of findings) process.stdout.write(`package-lock.json: ${finding}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
