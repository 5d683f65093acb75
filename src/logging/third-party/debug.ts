import { format } from 'node:util';
import type { Logging } from '../logging.ts';

/** The part of the package `debug` that is replaced. */
export interface DebugModule {
  log?: ((...args: never[]) => unknown) | undefined;
  formatArgs: (...args: never[]) => unknown;
}

/**
 * Sends what `DEBUG=…` shows to the logger `debug`, at debug: @platformatic/kafka, opensearch, ioredis, express and
 * many others have no other log.
 *
 * @returns what puts the module's own output back
 */
export function captureDebug(logging: Logging, debug: DebugModule): () => void {
  const own = { log: debug.log, formatArgs: debug.formatArgs };
  // The module's own would add colours, the time and the namespace to the text.
  debug.formatArgs = () => undefined;
  debug.log = function log(this: { readonly namespace?: string } | undefined, ...args: never[]) {
    logging.logger('debug').debug({ namespace: this?.namespace }, format(...args));
  };
  return () => {
    debug.formatArgs = own.formatArgs;
    debug.log = own.log;
  };
}
