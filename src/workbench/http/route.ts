import type { IncomingMessage } from 'node:http';
import type { HttpError } from './http-error.ts';

/** What a route answers. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that passed the guard. `path` has no query. */
export interface Call {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What stood in the braces of the route's template. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Route {
  /** As in OpenAPI; `{rest}` takes slashes too. */
  readonly template: string;
  readonly methods: readonly string[];
  handle(call: Call): Reply | Promise<Reply>;
  /** How this route says an error; JSON `{ error }` when absent. */
  fail?(call: Call, error: HttpError): Reply;
}

/** An answer in JSON. */
export const jsonReply = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({ status, contentType: 'application/json', body: JSON.stringify(value), headers });
