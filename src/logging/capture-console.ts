import { format } from 'node:util';
import { writeForeign } from './foreign.ts';
import type { Logging } from './logging.ts';

const LEVELS = {
  log: 'info',
  info: 'info',
  debug: 'debug',
  warn: 'warn',
  error: 'error',
  trace: 'debug',
} as const;

type Method = keyof typeof LEVELS;

/**
 * Makes one record of each call of `console.log` and its sisters. What else a console can do (tables, groups) ends in
 * stdout and is taken there.
 *
 * @returns what puts the console's own methods back
 */
export function captureConsole(logging: Logging, target: Pick<Console, Method> = console): () => void {
  const undo = (Object.keys(LEVELS) as Method[]).map((method) => {
    const own = target[method];
    const level = LEVELS[method];
    const captured = (...args: unknown[]) => {
      try {
        // `format` shows objects as a console does; a library that prints JSON gets its own logger and level.
        const text = format(...args);
        const stack = method === 'trace' ? `\n${new Error(text).stack ?? ''}` : '';
        writeForeign(logging, text + stack, 'console', level);
      } catch {
        // An argument whose getter throws: the console's own method fails or not as it always did.
        own.apply(target, args);
      }
    };
    target[method] = captured;
    return () => {
      if (target[method] === captured) target[method] = own;
    };
  });
  return () => {
    for (const step of undo) step();
  };
}
