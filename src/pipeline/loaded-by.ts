/** A module in Node's cache, as far as it says who asked for it first. */
export interface CachedModule {
  readonly filename?: string | null | undefined;
  readonly parent?: CachedModule | null | undefined;
}

const MAX_STEPS = 100;

/**
 * The file of the application that asked for a library first, directly or through other packages. `(preload or ES
 * module)` where no CommonJS module did: `import` leaves no trace that could be read from here.
 *
 * @param isOf - whether a file belongs to the library
 */
export function importerOf(
  cache: Readonly<Record<string, CachedModule | undefined>>,
  isOf: (file: string) => boolean,
): string {
  const first = Object.keys(cache).find(isOf);
  let module = first === undefined ? undefined : cache[first]?.parent;
  for (let step = 0; step < MAX_STEPS && module != null; step += 1) {
    const file = module.filename;
    if (typeof file === 'string' && !/[/\\]node_modules[/\\]/.test(file)) return file;
    module = module.parent;
  }
  return '(preload or ES module)';
}
