import { renameSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { subscribe } from 'node:diagnostics_channel';
import type { LoaderHook, StartReport } from '../../contracts/start-report.ts';
import { LoadedModules, packageOf } from './modules.ts';
import { watchProviders } from './provider.ts';

export interface ProbeOptions {
  /** Where the report goes; the file appears whole. */
  readonly file: string;
  /** The start is over after so long. */
  readonly waitMs: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** With this file dd-trace's hooks for CommonJS are in place; with one of those, its hooks for ES modules. */
const CJS_HOOKS = /[\\/]datadog-instrumentations[\\/]src[\\/]helpers[\\/]register\.js$/;
const ESM_HOOKS = /[\\/]dd-trace[\\/](?:register\.js|initialize\.mjs|loader-hook\.mjs|esbuild\.js)$/;
const MAX_HOOKS = 100;

/**
 * Watches a process start: which packages come in, in which order and because of whom, who hooks into loading, who owns
 * OpenTelemetry. It changes nothing that the application could see, but for time, and writes one report: when the time
 * is over, or at the end of the process.
 */
export function probeStart({ file, waitMs, variables }: ProbeOptions): void {
  const modules = new LoadedModules();
  const hooks: LoaderHook[] = optionHooks();
  const instrumented = new Set<string>();
  const providers = watchProviders();
  let cjs: number | undefined;
  let esm: number | undefined;
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const path = modules.note(resolved.url, context.parentURL);
      if (path !== undefined && CJS_HOOKS.test(path)) cjs ??= modules.order;
      if (path !== undefined && ESM_HOOKS.test(path)) esm ??= modules.order;
      return resolved;
    },
    load(url, context, next) {
      const loaded = next(url, context);
      modules.loaded(url, loaded.format);
      return loaded;
    },
  });
  watchHooks(hooks);
  subscribe('dd-trace:instrumentation:load', (message) => {
    instrumented.add(String((message as { readonly name?: unknown }).name));
  });
  let written = false;
  const write = (ended: boolean) => {
    if (written) return;
    written = true;
    const report: StartReport = {
      schemaVersion: 1,
      pid: process.pid,
      node: process.version,
      argv: process.argv,
      execArgv: process.execArgv,
      variables,
      packages: modules.packages(),
      tracerOrder: { cjs, esm },
      instrumented: [...instrumented],
      hooks,
      providers: providers(),
      ended,
    };
    writeFileSync(`${file}.part`, JSON.stringify(report), { mode: 0o600 });
    renameSync(`${file}.part`, file);
  };
  setTimeout(() => write(false), waitMs).unref();
  process.once('exit', () => write(true));
}

/** Loaders that came as options of Node. */
function optionHooks(): LoaderHook[] {
  return process.execArgv.flatMap((option, index) => {
    const [, inline] = /^--(?:experimental-)?loader(?:=(.*))?$/.exec(option) ?? [option, undefined];
    if (!/^--(?:experimental-)?loader/.test(option)) return [];
    return [
      { how: 'option' as const, what: inline ?? process.execArgv[index + 1] ?? '', by: 'command line' },
    ];
  });
}

/** Notes who else hooks into loading. */
function watchHooks(hooks: LoaderHook[]): void {
  const builtin = nodeModule.default as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const how of ['register', 'registerHooks'] as const) {
    const original = builtin[how];
    if (original === undefined) continue;
    builtin[how] = function (this: unknown, ...args: unknown[]) {
      if (hooks.length < MAX_HOOKS) {
        const what = typeof args[0] === 'string' || args[0] instanceof URL ? String(args[0]) : 'functions';
        hooks.push({ how, what, by: callerPackage() });
      }
      return Reflect.apply(original, this, args);
    };
  }
  nodeModule.syncBuiltinESMExports();
}

function callerPackage(): string {
  const frames = (new Error('caller').stack ?? '').split('\n').slice(3);
  for (const frame of frames) {
    const file = /(?:\(|at )(?:async )?(?:file:\/\/)?([^\s()]+?):\d+:\d+\)?$/.exec(frame)?.[1] ?? '';
    const name = packageOf(file)?.name;
    if (name !== undefined) return name;
  }
  return 'the application';
}
