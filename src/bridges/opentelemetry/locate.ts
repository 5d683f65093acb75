import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OtelApi, SpanProcessor, TracerProvider } from './api.ts';

/** The application's OpenTelemetry API, and what resolves beside it. */
export interface LocatedApi {
  readonly api: OtelApi;
  readonly version: string;
  /** Resolves as the application does. */
  readonly require: NodeJS.Require;
}

/** Looks for the API where the application would find it: from its entry file, then from the working directory. */
export function locateApi(entryFile: string | undefined, cwd: string): LocatedApi | undefined {
  for (const require of applicationRequires(entryFile, cwd)) {
    const api = tryRequire<OtelApi>(require, '@opentelemetry/api');
    if (api !== undefined) return { api, version: versionOf(require, '@opentelemetry/api'), require };
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
export function isRegistered(what: 'trace' | 'context'): boolean {
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

function applicationRequires(entryFile: string | undefined, cwd: string): NodeJS.Require[] {
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
  return tryRequire<{ readonly version: string }>(require, `${name}/package.json`)?.version ?? 'unknown';
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
}
