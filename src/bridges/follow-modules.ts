import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';

/** Node's own channel: it replaces no loader and sees what `import` loads of CommonJS, too. */
const LOADED = 'tracing:module.require:end';

interface Loaded {
  /** What was asked for: a package's name, a path, or the file. */
  readonly id?: unknown;
  readonly result?: unknown;
}

/**
 * Takes modules of CommonJS, those that are loaded already and those that will be. What `take` throws is swallowed: a
 * frozen or exotic export stays as it is, and the application loads it as ever.
 *
 * @param file of names and paths of modules that are taken
 * @param take is given what was asked for and what it exports, maybe several times for one module
 * @returns uninstall
 */
export function followModules(file: RegExp, take: (name: string, loaded: unknown) => void): () => void {
  const attempt = (name: string, loaded: unknown): void => {
    try {
      take(name, loaded);
    } catch {
      // As described: nothing of ours may fail an application's require().
    }
  };
  const onLoaded = (message: unknown): void => {
    const { id, result } = message as Loaded;
    if (typeof id === 'string' && file.test(id)) attempt(id, result);
  };
  subscribe(LOADED, onLoaded);
  for (const [path, module] of Object.entries(createRequire(import.meta.url).cache)) {
    if (module !== undefined && file.test(path)) attempt(path, module.exports);
  }
  return () => unsubscribe(LOADED, onLoaded);
}
