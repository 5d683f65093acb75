import type { ManagedStep, ResourceAdapter, ResourcePhase } from '../contracts/lifecycle.ts';
import { callMethod } from './calling.ts';

type Method = (...args: never[]) => unknown;

/**
 * Graceful before abrupt: with Redis clients `quit` waits for replies and `disconnect` does not; `destroy` comes
 * last but for the standard protocol, which many libraries map to their abrupt close.
 */
const CLOSE_METHODS = [
  'close',
  'quit',
  'end',
  'shutdown',
  'disconnect',
  '$disconnect',
  'stop',
  'destroy',
] as const;

/** What tells a client that sends commands (Redis, MQTT, NATS, SQLite) from a consumer: both can subscribe or run. */
const COMMANDS = ['publish', 'query', 'exec', 'prepare', 'get'] as const;

/**
 * Recognises anything with a close method. Consumers and servers close in `consumers`, producers flush and close
 * in `producers`, everything else closes in `pools`.
 */
export const closableAdapter: ResourceAdapter = (resource) => {
  if ((typeof resource !== 'object' || resource === null) && typeof resource !== 'function') return undefined;
  const close = closeMethod(resource);
  if (close === undefined) return undefined;
  const name = constructorName(resource);
  const phase = phaseOf(resource, name);
  const flush = phase === 'producers' ? methodOf(resource, 'flush') : undefined;
  return {
    phase,
    name,
    close: flush === undefined ? () => callMethod(resource, close) : flushThenClose(resource, flush, close),
  };
};

function flushThenClose(resource: object, flush: Method, close: Method): ManagedStep['close'] {
  return async () => {
    try {
      await callMethod(resource, flush);
    } finally {
      // A producer that cannot flush still holds sockets.
      await callMethod(resource, close);
    }
  };
}

function phaseOf(resource: object, name: string): ResourcePhase {
  const has = (key: PropertyKey): boolean => methodOf(resource, key) !== undefined;
  if (/producer|publisher/i.test(name) || ((has('send') || has('produce')) && has('flush')))
    return 'producers';
  if (/consumer|worker|subscriber|subscription|server/i.test(name)) return 'consumers';
  if (has('listen') || has('handleUpgrade')) return 'consumers';
  if ((has('subscribe') || has('run')) && !COMMANDS.some(has)) return 'consumers';
  return 'pools';
}

function closeMethod(resource: object): Method | undefined {
  for (const key of [...CLOSE_METHODS, Symbol.asyncDispose, Symbol.dispose]) {
    const method = methodOf(resource, key);
    if (method !== undefined) return method;
  }
  return undefined;
}

function methodOf(resource: object, key: PropertyKey): Method | undefined {
  const value: unknown = Reflect.get(resource, key);
  return typeof value === 'function' ? (value as Method) : undefined;
}

/** The class's name; for an object literal or a bare function, a plain word. */
function constructorName(resource: object): string {
  const name: unknown = resource.constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' && name !== 'Function'
    ? name
    : 'resource';
}
