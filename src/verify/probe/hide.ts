import Module, { registerHooks } from 'node:module';

type Resolve = (this: unknown, request: string, ...rest: unknown[]) => string;

/**
 * Makes packages look as if they were not installed, for `import`, `require` and `require.resolve` alike. For as long
 * as the process lives.
 *
 * @param names of packages; `@scope/*` is a whole scope
 */
export function hidePackages(names: readonly string[]): void {
  if (names.length === 0) return;
  const isHidden = (specifier: string): boolean =>
    names.some((name) =>
      name.endsWith('/*')
        ? specifier.startsWith(name.slice(0, -1))
        : specifier === name || specifier.startsWith(`${name}/`),
    );
  registerHooks({
    resolve(specifier, context, next) {
      if (isHidden(specifier)) throw missing(specifier, 'ERR_MODULE_NOT_FOUND');
      return next(specifier, context);
    },
  });
  // Hooks do not see `require.resolve` on all versions of Node, and optional packages are looked for with it.
  const internals = Module as unknown as { _resolveFilename: Resolve };
  const resolve = internals._resolveFilename;
  internals._resolveFilename = function (this: unknown, request, ...rest) {
    if (isHidden(request)) throw missing(request, 'MODULE_NOT_FOUND');
    return resolve.call(this, request, ...rest);
  };
}

function missing(specifier: string, code: string): Error {
  return Object.assign(new Error(`Cannot find package '${specifier}' (hidden by keepspan verify)`), { code });
}
