import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Area } from './access.ts';
import type { HttpError } from './http-error.ts';

interface ReplyHead {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route answers: a body, or a function that writes one and resolves when it is done. */
export type Reply = ReplyHead &
  ({ readonly body: string | Uint8Array } | { readonly stream: (response: ServerResponse) => Promise<void> });

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
  /** Whose secret it asks for, where secrets are asked for; `ui` when absent. */
  readonly area?: Area | ((method: string) => Area);
  handle(call: Call): Reply | Promise<Reply>;
  /** How this route says an error; JSON `{ error }` when absent. */
  fail?(call: Call, error: HttpError): Reply;
}

/** An answer in JSON. */
export const jsonReply = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply => jsonTextReply(JSON.stringify(value), status, headers);

/** An answer whose JSON is text already. */
export const jsonTextReply = (
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({ status, contentType: 'application/json', body, headers });
