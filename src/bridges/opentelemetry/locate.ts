import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OtelApi, SpanProcessor, TracerProvider } from './api.ts';

/** The application's OpenTelemetry API, and what resolves beside it. */
export interface LocatedApi {
  readonly api: OtelApi;
  /**
   * Every copy of it that the application may hold: from 1.10 on `import` and `require` give two, which share what is
   * registered and nothing else.
   */
  readonly copies: readonly OtelApi[];
  readonly version: string;
  /** Resolves as the application does. */
  readonly require: NodeJS.Require;
}

const API = '@opentelemetry/api';

/** Looks for the API where the application would find it: from its entry file, then from the working directory. */
export function locateApi(entryFile: string | undefined, cwd: string): LocatedApi | undefined {
  for (const require of applicationRequires(entryFile, cwd)) {
    const api = tryRequire<OtelApi>(require, API);
    if (api === undefined) continue;
    const imported = importedCopy(require);
    const copies = imported === undefined || imported.trace === api.trace ? [api] : [api, imported];
    return { api, copies, version: manifestOf(require, API)?.manifest.version ?? 'unknown', require };
  }
  return undefined;
}

export interface SdkProvider {
  readonly provider: TracerProvider;
  /** `name@version` of the package that it comes from. */
  readonly sdk: string;
}

/** Packages that export a provider, the fullest first; `sdk-node` brings one along that pnpm shows to it alone. */
const PROVIDERS = [
  ['@opentelemetry/sdk-trace-node', 'NodeTracerProvider'],
  ['@opentelemetry/sdk-trace-base', 'BasicTracerProvider'],
  ['@opentelemetry/sdk-trace', 'TracerProvider'],
] as const;

type ProviderClass = new (options: Readonly<Record<string, unknown>>) => TracerProvider & {
  addSpanProcessor?(processor: SpanProcessor): void;
};

/**
 * Makes a provider of the SDK that the application has installed: 1.x to 3.x. Undefined when it has none.
 *
 * @param attributes of the resource
 */
export function makeProvider(
  require: NodeJS.Require,
  processor: SpanProcessor,
  attributes: Readonly<Record<string, string>>,
): SdkProvider | undefined {
  for (const from of [require, ...requireOf(require, '@opentelemetry/sdk-node')]) {
    for (const [name, exported] of PROVIDERS) {
      const Provider = tryRequire<Readonly<Record<string, ProviderClass>>>(from, name)?.[exported];
      if (Provider === undefined) continue;
      const [own = from] = requireOf(from, name);
      const resource = makeResource(own, attributes);
      const provider = new Provider({
        spanProcessors: [processor],
        ...(resource === undefined ? {} : { resource }),
      });
      // SDK 1.x before 1.29 does not read `spanProcessors`.
      if (provider.addSpanProcessor !== undefined && !holds(provider, processor))
        provider.addSpanProcessor(processor);
      return { provider, sdk: `${name}@${versionOf(from, name)}` };
    }
  }
  return undefined;
}

/** Sets a context manager where the application has installed one and registered none: parents are found by it. */
export function ensureContextManager({ api, require }: LocatedApi): boolean {
  if (isRegistered('context')) return true;
  for (const from of [
    require,
    ...requireOf(require, '@opentelemetry/sdk-trace-node'),
    ...requireOf(require, '@opentelemetry/sdk-node'),
  ]) {
    const hooks = tryRequire<{ readonly AsyncLocalStorageContextManager?: new () => { enable(): unknown } }>(
      from,
      '@opentelemetry/context-async-hooks',
    );
    const Manager = hooks?.AsyncLocalStorageContextManager;
    if (Manager !== undefined) return api.context.setGlobalContextManager(new Manager().enable());
  }
  return false;
}

/** Whether something is registered in the API's global registry (api/src/internal/global-utils.ts), in all of 1.x. */
function isRegistered(what: 'trace' | 'context'): boolean {
  const registry = (globalThis as { [key: symbol]: unknown })[Symbol.for('opentelemetry.js.api.1')];
  return typeof registry === 'object' && registry !== null && what in registry;
}

interface Resource {
  merge(other: Resource): Resource;
}

interface Resources {
  resourceFromAttributes?(attributes: object): Resource;
  defaultResource?(): Resource;
  readonly Resource?: { new (attributes: object): Resource; default(): Resource };
}

function makeResource(
  require: NodeJS.Require,
  attributes: Readonly<Record<string, string>>,
): Resource | undefined {
  const resources = tryRequire<Resources>(require, '@opentelemetry/resources');
  if (resources?.resourceFromAttributes !== undefined) {
    const own = resources.resourceFromAttributes(attributes);
    return resources.defaultResource?.().merge(own) ?? own;
  }
  const Resource = resources?.Resource;
  return Resource === undefined ? undefined : Resource.default().merge(new Resource(attributes));
}

/** Whether the processor is among those of a provider, as far as that can be seen. */
function holds(provider: TracerProvider, processor: SpanProcessor): boolean {
  return processorsOf(provider)?.includes(processor) === true;
}

/** The list that a provider calls (SDK 1.x to 3.x, private): what is added to it sees spans from then on. */
export function processorsOf(provider: TracerProvider): SpanProcessor[] | undefined {
  const { _activeSpanProcessor: active } = provider as {
    readonly _activeSpanProcessor?: { readonly _spanProcessors?: unknown };
  };
  const list = active?._spanProcessors;
  return Array.isArray(list) ? (list as SpanProcessor[]) : undefined;
}

/** Resolve as the application does: from its entry file, from the working directory. */
export function applicationRequires(entryFile: string | undefined, cwd: string): NodeJS.Require[] {
  const origins = [entryFile && pathToFileURL(entryFile).href, pathToFileURL(join(cwd, 'package.json')).href];
  return origins.flatMap((origin) => (origin ? [createRequire(origin)] : []));
}

/** As modules of that package resolve; nothing when it is not installed. */
function requireOf(require: NodeJS.Require, name: string): NodeJS.Require[] {
  try {
    return [createRequire(require.resolve(name))];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function tryRequire<T>(require: NodeJS.Require, name: string): T | undefined {
  try {
    return require(name) as T;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function versionOf(require: NodeJS.Require, name: string): string {
  return manifestOf(require, name)?.manifest.version ?? 'unknown';
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** Packages of OpenTelemetry do not all export their manifest: it lies above the file that they resolve to. */
function manifestOf(
  require: NodeJS.Require,
  name: string,
): { readonly folder: string; readonly manifest: Manifest } | undefined {
  for (let folder = dirname(require.resolve(name)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    if (manifest.name === name) return { folder, manifest };
  }
  return undefined;
}

/** What `import` gives: loaded by its file, which is the same module as the application's. */
function importedCopy(require: NodeJS.Require): OtelApi | undefined {
  const found = manifestOf(require, API);
  const entry = fileOf(found?.manifest.exports?.['.']);
  return found === undefined || entry === undefined
    ? undefined
    : tryRequire<OtelApi>(require, join(found.folder, entry));
}

/** Conditions nest, `{ "require": { … }, "default": { "types": …, "default": … } }`; Node imports by these. */
function fileOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  const { import: imported, node, default: fallback } = target as Readonly<Record<string, unknown>>;
  return fileOf(imported ?? node ?? fallback);
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
}
