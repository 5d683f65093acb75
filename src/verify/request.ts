import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** One request of `--request`. `{n}` in path and body is a number that is new each time. */
export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

export interface RequestOutcome {
  readonly line: RequestLine;
  /** 0: no answer. */
  readonly status: number;
  readonly error?: string | undefined;
}

const MAX_ANSWER_BYTES = 64 << 20;
const FORM = /^([A-Z]+)\s+(\/\S*)(?:\s+([\s\S]+))?$/;

/**
 * Reads `METHOD /path body`; a body `@file` is read from there.
 *
 * @throws RangeError when it is not of that form; what reading the file throws
 */
export function parseRequest(text: string): RequestLine {
  const [, method, path, rest] = FORM.exec(text.trim()) ?? [];
  if (method === undefined || path === undefined)
    throw new RangeError(`a request is "METHOD /path body", not "${text}"`);
  return { method, path, body: rest?.startsWith('@') === true ? readFileSync(rest.slice(1), 'utf8') : rest };
}

/** Sends one request over a connection of its own: the service it goes to may be another process by the next one. */
export function send(
  baseUrl: string,
  line: RequestLine,
  n: string,
  timeoutMs: number,
): Promise<RequestOutcome> {
  const url = new URL(line.path.replaceAll('{n}', n), baseUrl);
  const body = line.body?.replaceAll('{n}', n);
  const isJson = /^\s*[[{]/.test(body ?? '');
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ line, status: 0, error: error.message });
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, {
      method: line.method,
      agent: false,
      timeout: timeoutMs,
      headers: {
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...(isJson ? { 'content-type': 'application/json' } : {}),
      },
    });
    request.once('response', (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) response.destroy();
      });
      response.once('error', failed);
      response.once('close', () => resolve({ line, status: response.statusCode ?? 0 }));
    });
    request.once('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    request.once('error', failed);
    request.end(body);
  });
}
