import { extname } from 'node:path';
import type { Ending } from '../hosts/supervise.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

/** How a long-running command tells what happens. */
export type Say = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One JSON line per event on stdout. */
export const sayJson: Say = (event, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
};

/** Where stdout is ours alone, as it must be for pure JSON, the child writes to our stderr instead. */
export function childStdio(json: boolean): ('inherit' | number)[] {
  return json ? ['inherit', process.stderr.fd, 'inherit'] : ['inherit', 'inherit', 'inherit'];
}

/** The URL that says by `?run` that the preload was put there by us; from src/*.ts as from dist/*.js. */
export function preloadUrl(name: 'register' | 'observe'): string {
  return new URL(`../${name}${extname(import.meta.url)}?run`, import.meta.url).href;
}

/** How the command ended; that it did not begin is a warning, too. */
export function sayEnding(ending: Ending, [name]: readonly string[], say: Say): void {
  const { exitCode } = ending;
  if (ending.kind === 'exited') {
    say('exited', { exitCode, signal: ending.signal });
    return;
  }
  const error = exitCode === 127 ? `command not found: ${name}` : `${name}: ${ending.error.message}`;
  warnOnce('KS-RUN-001', { error });
  say('not-started', { exitCode, error });
}
