// Preload: `node --import keepspan/register app.js`. Off, it reads two variables and writes one line. What it needs
// for that it asks for instead of importing it: an import of `node:fs` alone costs 3 ms of a start's 23, and every
// module of ours half of one (docs/benchmarks.md).
import type * as Init from './pipeline/init.ts';
import type * as Preload from './settings/preload.ts';
import { shared } from './pipeline/global.ts';
import { isLauncher, isSwitchedOn } from './settings/switch.ts';

if (!isLauncher()) {
  if (import.meta.url.endsWith('?run'))
    load<typeof Preload>('./settings/preload').takeOutOfEnvironment(import.meta.url);
  if (!isSwitchedOn() && !shared().started && sayDisabled()) shared().started = true;
  else if (!isOurWorker()) load<typeof Init>('./pipeline/init').start();
}

/** Our own delivery worker must not observe itself. */
function isOurWorker(): boolean {
  const { workerData } = process.getBuiltinModule('node:worker_threads');
  return (workerData as { readonly keepspanInternal?: boolean } | null)?.keepspanInternal === true;
}

/** By `require`, so that the application starts after it: from src/*.ts as from dist/*.js. */
function load<T>(file: string): T {
  const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
  return require(file + (new URL(import.meta.url).pathname.endsWith('.ts') ? '.ts' : '.js')) as T;
}

/** The line of `pipeline/disabled.ts`. False when stderr did not take it: there it is tried again, and counted. */
function sayDisabled(): boolean {
  const line = JSON.stringify({
    level: 'info',
    time: new Date().toISOString(),
    msg: 'observability_disabled',
    why: 'not switched on',
    fix: 'set DD_LLMOBS_ENABLED=1 or KEEPSPAN_STACK',
  });
  try {
    return process.getBuiltinModule('node:fs').writeSync(2, `${line}\n`) > 0;
  } catch {
    return false;
  }
}
