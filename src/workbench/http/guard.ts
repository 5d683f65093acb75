import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.ts';

const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;
const ORIGIN = /^https?:\/\/([^/?#@\s]+)$/;

const one = (request: IncomingMessage, header: string): string | undefined => {
  const values = request.headersDistinct[header];
  if (values !== undefined && values.length > 1) throw new HttpError(400, `more than one ${header} header`);
  return values?.[0];
};

/**
 * Refuses every request that a foreign web page could have caused: a Host that is not ours (DNS rebinding,
 * CVE-2025-66414), an Origin that is not ours, `Origin: null` (CVE-2026-27977), and requests that browsers mark
 * as coming from another site. Programs send no Origin and pass.
 *
 * @throws HttpError 400 when a header cannot be parsed, 403 when it is foreign.
 */
export function guardRequest(request: IncomingMessage, hosts: ReadonlySet<string>): void {
  const host = one(request, 'host')?.toLowerCase();
  if (host === undefined || !HOST.test(host))
    throw new HttpError(400, 'the Host header is missing or malformed');
  if (!hosts.has(host)) throw new HttpError(403, `Host ${host} is not one of ${[...hosts].join(', ')}`);

  const origin = one(request, 'origin')?.toLowerCase();
  if (origin !== undefined) {
    if (origin === 'null') throw new HttpError(403, 'Origin null is refused');
    const match = ORIGIN.exec(origin);
    if (match === null || !HOST.test(match[1] as string))
      throw new HttpError(400, 'the Origin header is malformed');
    if (origin !== `http://${match[1]}` || !hosts.has(match[1] as string)) {
      throw new HttpError(403, 'requests from other origins are refused');
    }
  }
  // GETs by <img> or <script> carry no Origin; a link that somebody follows to a page is harmless.
  const site = one(request, 'sec-fetch-site');
  const followedLink =
    one(request, 'sec-fetch-mode') === 'navigate' &&
    request.method === 'GET' &&
    !/^\/(?:api|v\d|evp_proxy|telemetry|dogstatsd|profiling|info)\b/.test(request.url ?? '');
  if ((site === 'cross-site' || site === 'same-site') && !followedLink) {
    throw new HttpError(403, 'requests from other sites are refused');
  }
}
