import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What Node is given for a thread of ours: nothing of the application's preloads. Under Yarn Plug'n'Play its resolver,
 * without which not even our own file is found: it lies in an archive (yarnpkg.com, pnpapi; process.versions.pnp).
 */
export function threadArguments(): string[] {
  if (!('pnp' in process.versions)) return [];
  try {
    const resolver = createRequire(import.meta.url).resolve('pnpapi');
    const loader = join(dirname(resolver), '.pnp.loader.mjs');
    const hooks = existsSync(loader) ? ['--experimental-loader', pathToFileURL(loader).href] : [];
    return ['--require', resolver, ...hooks];
  } catch {
    return []; // Another resolver that calls itself so: the thread says what it does not find.
  }
}
