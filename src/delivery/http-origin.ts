/** Where a request connects to. */
export interface Origin {
  readonly secure: boolean;
  readonly connection:
    | { readonly socketPath: string }
    | { readonly hostname: string; readonly port: string | number };
}

/**
 * Reads the origin of an upstream: `http:`, `https:`, `unix:///path`, or `unix://./pipe/name` for a named pipe.
 *
 * @throws TypeError when it is none of these
 */
export function parseOrigin(origin: string): Origin {
  const url = new URL(origin);
  if (url.protocol === 'unix:') {
    const path = decodeURIComponent(url.pathname);
    // A URL parser takes the dot of a named pipe for a host.
    return { secure: false, connection: { socketPath: url.hostname === '.' ? `//.${path}` : path } };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`no upstream speaks ${url.protocol}`);
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : url.port;
  // URL keeps the brackets of an IPv6 address; connect wants it without.
  return { secure, connection: { hostname: url.hostname.replace(/^\[|\]$/g, ''), port } };
}
