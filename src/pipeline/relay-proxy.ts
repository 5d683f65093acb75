import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream';
import { parseOrigin } from '../delivery/http-origin.ts';

const TIMEOUT_MS = 10_000;

/** Headers of one connection (RFC 9110, 7.6.1), and the host, which is another one there. */
const HOP_HEADERS = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Passes a request on to the Agent and its answer back: for everything that carries no signals.
 *
 * @param body what was read of the request already, all of it; undefined when nothing was
 */
export function passOn(
  agentUrl: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  body?: Buffer,
): void {
  const { secure, connection } = parseOrigin(agentUrl);
  const options = {
    ...connection,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: withoutHop(incoming.headers),
    timeout: TIMEOUT_MS,
  };
  const outgoing = (secure ? httpsRequest : httpRequest)(options, (answer) => {
    response.writeHead(answer.statusCode ?? 502, withoutHop(answer.headers));
    pipeline(answer, response, (error) => {
      if (error) response.destroy(); // Cut short there, so cut short here: the tracer sees what happened.
    });
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('the Agent does not answer')));
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  if (body === undefined) incoming.pipe(outgoing);
  else outgoing.end(body);
}

function withoutHop(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.has(name)));
}
