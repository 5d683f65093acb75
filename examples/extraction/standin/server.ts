import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { answerText, completion, completionEvents, readChatRequest } from './completions.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * An OpenAI-compatible endpoint without a model behind it. `latencyMs` is how long an answer takes, so that
 * a drill that interrupts the service finds calls under way.
 */
export function createStandIn({ latencyMs }: { readonly latencyMs: number }): Server {
  let answered = 0;
  return createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { message: String(error), type: 'server_error' } });
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      sendJson(response, 404, {
        error: { message: 'only POST /v1/chat/completions', type: 'invalid_request_error' },
      });
      return;
    }
    const chat = readChatRequest(await readJson(request));
    if (chat === undefined) {
      sendJson(response, 400, {
        error: { message: 'no chat completion request', type: 'invalid_request_error' },
      });
      return;
    }
    await delay(latencyMs);
    answered += 1;
    const id = `chatcmpl-standin-${answered}`;
    const createdS = Math.floor(Date.now() / 1_000);
    const text = answerText(chat);
    if (!chat.stream) {
      sendJson(response, 200, completion(id, createdS, chat, text));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of completionEvents(id, createdS, chat, text)) response.write(event);
    response.end();
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let body = '';
  request.setEncoding('utf8');
  for await (const part of request as AsyncIterable<string>) {
    body += part;
    if (body.length > MAX_BODY_BYTES) throw new RangeError('the request is larger than 1 MiB');
  }
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // Not JSON is answered like any other body that is no request: 400.
    return undefined;
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
