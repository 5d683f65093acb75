import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { Server } from 'node:http';
import { shared } from '../../pipeline/global.ts';
import type { ProbeEvent } from './events.ts';

const LISTENS = 'tracing:net.server.listen:asyncEnd';
const MAX_FRAMES = 40;
/** What the phases close, they close after the flush. The package may be here twice: ours, and the application's. */
const PHASES = /[\\/](?:src|dist)[\\/](?:lifecycle|bridges)[\\/]\S+\.[jt]s:/;

/** Writes a line when the process starts, when an HTTP server of it listens, and when one begins to close. */
export function watchServers(file: string): void {
  const write = (event: ProbeEvent): void => {
    try {
      appendFileSync(file, `${JSON.stringify(event)}\n`, { mode: 0o600 });
    } catch {
      // The verification is over and took its folder away; the service goes on.
    }
  };
  const { pid } = process;
  let flushed: (() => boolean | null) | undefined;
  write({ event: 'started', pid });
  subscribe(LISTENS, (message) => {
    const { server } = message as { readonly server: unknown };
    if (!(server instanceof Server)) return;
    const address = server.address();
    if (address === null || typeof address === 'string') return;
    flushed ??= watchFlush();
    const known = flushed;
    const close = server.close.bind(server);
    server.close = (callback) => {
      write({ event: 'closing', pid, port: address.port, flushed: isClosedByPhases() ? true : known() });
      return close(callback);
    };
    write({ event: 'listening', pid, host: address.address, port: address.port });
  });
}

/** Whether a flush is over: the one of the phases, or one that the application asked for. */
function watchFlush(): () => boolean | null {
  const { session } = shared();
  if (session === undefined) return () => null;
  let over = false;
  // The phase of consumers begins when the one of the flush has ended.
  session.lifecycle.onShutdown('consumers', 'keepspan verify', () => {
    over = true;
  });
  const flush = session.flush.bind(session);
  session.flush = async (timeoutMs) => {
    const report = await flush(timeoutMs);
    over = true;
    return report;
  };
  return () => over;
}

function isClosedByPhases(): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = MAX_FRAMES;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return PHASES.test(stack);
}
