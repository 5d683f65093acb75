import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.ts';
import type { Reply } from './route.ts';

/** Who a route is for: people and their programs, or senders of signals. */
export type Area = 'ui' | 'intake';

const COOKIE = 'keepspan_session';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const secret = (): string => randomBytes(24).toString('base64url');

/**
 * Asks for a token (API and page) and a key (intake), which are two different secrets: who may send prompts may not
 * read them. A one-time link becomes a session cookie, so that the token never stands in an address.
 */
export class Access {
  readonly #token: Buffer;
  readonly #intakeKey: Buffer;
  #link: Buffer | undefined;
  #session: Buffer | undefined;

  constructor(token: string, intakeKey: string) {
    this.#token = digest(token);
    this.#intakeKey = digest(intakeKey);
  }

  /** A code for `?t=` that works once; the one before works no more. */
  issueLink(): string {
    const code = secret();
    this.#link = digest(code);
    return code;
  }

  /** The answer to a request with `?t=`: the cookie and the address without the code. Undefined when it has none. */
  redeem(request: IncomingMessage, path: string, query: URLSearchParams): Reply | undefined {
    const code = query.get('t');
    if (code === null || request.method !== 'GET') return undefined;
    if (this.#link === undefined || !timingSafeEqual(this.#link, digest(code)))
      throw new HttpError(
        401,
        'this link was used, or is none of ours; keepspan dev prints a new one at its start',
      );
    this.#link = undefined;
    const session = secret();
    this.#session = digest(session);
    query.delete('t');
    const rest = query.toString();
    return {
      status: 303,
      contentType: 'text/plain; charset=utf-8',
      body: '',
      headers: {
        location: rest === '' ? path : `${path}?${rest}`,
        'set-cookie': `${COOKIE}=${session}; HttpOnly; SameSite=Strict; Path=/`,
      },
    };
  }

  /** @throws HttpError 401 */
  check(request: IncomingMessage, area: Area): void {
    const allowed = area === 'ui' ? this.#maySee(request) : this.#maySend(request);
    if (allowed) return;
    const how =
      area === 'ui'
        ? 'open the link that keepspan dev printed, or send Authorization: Bearer <token>'
        : 'send the intake key as dd-api-key or x-keepspan-key';
    throw new HttpError(401, how, { 'www-authenticate': 'Bearer' });
  }

  #maySee(request: IncomingMessage): boolean {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined && timingSafeEqual(this.#token, digest(bearer))) return true;
    const cookies = (request.headers.cookie ?? '').split(/;\s*/);
    const session = cookies.find((one) => one.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
    return (
      session !== undefined && this.#session !== undefined && timingSafeEqual(this.#session, digest(session))
    );
  }

  #maySend(request: IncomingMessage): boolean {
    const key = request.headers['x-keepspan-key'] ?? request.headers['dd-api-key'];
    return typeof key === 'string' && timingSafeEqual(this.#intakeKey, digest(key));
  }
}
