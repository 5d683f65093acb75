import type { RecognisedResource, ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';
import { httpServerAdapter } from './server.ts';

type Listener = (...args: unknown[]) => void;

/** An application, application context or microservice of NestJS. */
interface NestLike {
  close(): Promise<void>;
  enableShutdownHooks(...args: unknown[]): unknown;
  getHttpServer?(): unknown;
}

/** The signals on which Keepspan runs the phases. Nest's listeners of all others stay. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Recognises a NestJS application. Requests in flight are answered with every provider still there (Nest alone runs
 * onModuleDestroy before it closes the server), then close() runs the hooks.
 *
 * Its `enableShutdownHooks()`, called before or after, listens to SIGTERM and SIGINT by itself, runs the hooks beside
 * everything else and ends by sending the signal once more, which cuts every phase short. While the application is
 * managed those two listeners are taken off, and close() runs the hooks, once.
 */
export const nestAdapter: ResourceAdapter = (resource) => {
  const methods = ['init', 'close', 'get', 'resolve', 'select', 'enableShutdownHooks', 'useLogger'];
  if (!hasMethods<NestLike>(resource, methods)) return undefined;
  const server = serverOf(resource);
  let isClosing = false;
  return {
    phase: 'consumers',
    name: 'nest application',
    watch: () => {
      const giveBack = takeSignals(resource);
      const unwatch = server()?.watch?.();
      return () => {
        // An application that is closed must not be closed again by a signal.
        if (!isClosing) giveBack();
        unwatch?.();
      };
    },
    close: async (deadline) => {
      isClosing = true;
      await server()?.close(deadline);
      await resource.close();
    },
  };
};

/** The server's adapter, found when it is first asked for: a context and a microservice have none. */
function serverOf(app: NestLike): () => RecognisedResource | undefined {
  let server: RecognisedResource | undefined;
  return () => {
    if (server === undefined && typeof app.getHttpServer === 'function')
      server = httpServerAdapter(app.getHttpServer());
    return server;
  };
}

/** Takes Nest's listeners of our signals off, now and whenever it adds them; returns what gives them back. */
function takeSignals(app: NestLike): () => void {
  const taken: (readonly [NodeJS.Signals, Listener])[] = [];
  function take(): void {
    // What NestFactory returns is a Proxy that wraps each function it is asked for; the descriptor holds the listener.
    const cleanup: unknown = Object.getOwnPropertyDescriptor(app, 'shutdownCleanupRef')?.value;
    if (typeof cleanup !== 'function') return;
    for (const signal of SIGNALS) {
      if (!process.listeners(signal).includes(cleanup as NodeJS.SignalsListener)) continue;
      process.removeListener(signal, cleanup as Listener);
      taken.push([signal, cleanup as Listener]);
    }
  }

  // Defined, not assigned: what NestFactory returns is a Proxy whose set trap assigns nothing. Taken away for the call:
  // the Proxy looks methods up when they are called, and a bound original would find this one again.
  function wrap(): void {
    Object.defineProperty(app, 'enableShutdownHooks', { configurable: true, value: enableAndTake });
  }
  function unwrap(): void {
    Reflect.deleteProperty(app, 'enableShutdownHooks');
  }
  function enableAndTake(...args: unknown[]): unknown {
    unwrap();
    try {
      return app.enableShutdownHooks(...args);
    } finally {
      wrap();
      take();
    }
  }

  take();
  wrap();
  return () => {
    unwrap();
    for (const [signal, cleanup] of taken) process.on(signal, cleanup);
  };
}
