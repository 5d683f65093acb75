import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An installed dd-trace: found, not yet loaded. */
export interface LocatedTracer {
  /** Folder of the package. */
  readonly root: string;
  readonly version: string;
  readonly require: NodeJS.Require;
}

/** The major version whose internals the private seams know; others get the public-protocol seam alone. */
export const SUPPORTED_MAJOR = 6;

/** Versions on which every seam is tested. Custody is `full` there and `wire` on any other. */
export const TESTED_VERSIONS: readonly string[] = ['6.21.0'];

/**
 * Looks for dd-trace where the application would find it: from its entry file, from the working directory,
 * then beside this package.
 */
export function locateTracer(entryFile: string | undefined, cwd: string): LocatedTracer | undefined {
  const origins = [
    entryFile && pathToFileURL(entryFile).href,
    pathToFileURL(join(cwd, 'package.json')).href,
    import.meta.url,
  ];
  for (const origin of origins) {
    if (!origin) continue;
    const require = createRequire(origin);
    try {
      const manifest = require.resolve('dd-trace/package.json');
      const { version } = require(manifest) as { version: string };
      return { root: dirname(manifest), version, require: createRequire(manifest) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}
