import { connect } from 'node:net';

const TIMEOUT_MS = 2000;

/** Connects to an address and hangs up: undefined when somebody takes connections there, else why not. Never rejects. */
export function connectTo(address: string): Promise<string | undefined> {
  const url = URL.parse(address);
  if (url === null) return Promise.resolve('it is no URL');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = url.protocol === 'unix:' ? connect(url.pathname) : connect(port, host);
    const end = (why: string | undefined) => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(`no answer within ${TIMEOUT_MS} ms`));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
