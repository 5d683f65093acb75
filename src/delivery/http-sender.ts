import { Agent as HttpAgent, ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { parseOrigin } from './http-origin.ts';
import type { OutgoingRequest, Send, SendResult } from './send.ts';

/** Kept of an answer; the rest is not read. */
export const MAX_ANSWER_BYTES = 64 * 1024;

export interface HttpSenderOptions {
  /** From the first byte of the connection to the last of the answer; default 10 s. */
  readonly requestTimeoutMs?: number;
  /** Connections per upstream; default 4. */
  readonly maxSockets?: number;
  /** An idle connection is closed after this, default 4 s: before common servers (Node: 5 s) close it under a request. */
  readonly idleSocketMs?: number;
  /** Proxy variables (`HTTPS_PROXY`, `NO_PROXY`, …) for `https:` upstreams. Node before 22.21 and 24.5 ignores them. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** False: the process may end while a request is on its way. */
  readonly holdsProcess?: boolean;
}

export interface HttpSender {
  readonly send: Send;
  /** Closes idle connections; a request in flight ends by its own signal. */
  close(): void;
}

/** Sends requests over kept connections. Redirects are answers like any other: nothing follows them. */
export function createHttpSender(options: HttpSenderOptions = {}): HttpSender {
  const { requestTimeoutMs = 10_000, maxSockets = 4, idleSocketMs = 4000 } = options;
  const { proxyEnv, holdsProcess = true } = options;
  const pool = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout: idleSocketMs };
  const http = new HttpAgent(pool);
  const https = new HttpsAgent(proxyEnv === undefined ? pool : { ...pool, proxyEnv: { ...proxyEnv } });

  const open = (request: OutgoingRequest): ClientRequest => {
    const { secure, connection } = parseOrigin(request.origin);
    const { method, path, headers, body } = request;
    const init = { ...connection, method, path, headers: { ...headers, 'Content-Length': body.length } };
    // `http.request` is this and no more, but tracers replace it, and so does our own seam: delivery may share their thread.
    return secure
      ? new ClientRequest({ ...init, protocol: 'https:', agent: https })
      : new ClientRequest({ ...init, agent: http });
  };

  return {
    send: (request, signal) =>
      exchange(() => open(request), request.body, { timeoutMs: requestTimeoutMs, signal, holdsProcess }),
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly holdsProcess: boolean;
}

function exchange(
  open: () => ClientRequest,
  body: Buffer,
  { timeoutMs, signal, holdsProcess }: Limits,
): Promise<SendResult> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ kind: 'failed', code: 'ABORT_ERR', sent: false });
      return;
    }
    let outgoing: ClientRequest;
    try {
      outgoing = open();
    } catch (error) {
      // An address, a path or a header that no request can be made of: tried again until a person mends it.
      resolve({ kind: 'failed', code: codeOf(error), sent: false });
      return;
    }
    let answer: Answer | undefined;
    const settle = (code: string): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      // With the status line upstream has answered, however the rest of the answer went.
      resolve(answer?.result() ?? { kind: 'failed', code, sent: outgoing.writableFinished });
      if (answer?.complete !== true || !outgoing.writableFinished) outgoing.destroy();
    };
    const abort = (): void => settle('ABORT_ERR');
    const timer = setTimeout(() => settle('ETIMEDOUT'), timeoutMs);
    if (!holdsProcess) {
      timer.unref();
      outgoing.on('socket', (socket) => socket.unref());
    }
    signal.addEventListener('abort', abort);
    outgoing.on('error', (error) => settle(codeOf(error)));
    outgoing.on('response', (incoming) => {
      answer = new Answer(incoming, () => settle('ECONNRESET'));
    });
    outgoing.end(body);
  });
}

/** The bounded beginning of one answer. */
class Answer {
  complete = false;
  readonly #incoming: IncomingMessage;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(incoming: IncomingMessage, ended: () => void) {
    this.#incoming = incoming;
    incoming.on('data', (chunk: Buffer) => {
      const kept = chunk.subarray(0, Math.max(0, MAX_ANSWER_BYTES - this.#bytes));
      this.#chunks.push(kept);
      this.#bytes += kept.length;
      if (this.#bytes >= MAX_ANSWER_BYTES) ended();
    });
    incoming.on('end', () => {
      this.complete = true;
      ended();
    });
    // An answer that breaks off ends here with what came of it.
    incoming.on('error', ended);
    incoming.on('close', ended);
  }

  result(): SendResult {
    const { statusCode = 0, headers } = this.#incoming;
    const bytes = Buffer.concat(this.#chunks);
    return { kind: 'response', status: statusCode, headers, body: bytes.toString('utf8'), bytes };
  }
}

function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'ERR_UNKNOWN';
}
