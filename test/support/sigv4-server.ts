// A server that recomputes AWS Signature Version 4 from what arrived, by the published algorithm alone
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). It imports nothing from src/
// and nothing of any AWS package: an oracle shares no code with its subject.
import { createHash, createHmac } from 'node:crypto';
import { createServer as createHttp1 } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

export interface Arrival {
  readonly path: string;
  readonly valid: boolean;
  /** Undefined where nothing was signed. */
  readonly signedHeaders: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface SigV4Server {
  readonly http1: string;
  readonly http2: string;
  readonly arrivals: readonly Arrival[];
  stop(): Promise<void>;
}

/**
 * @param answer - status and body for a request that is signed well; the others get 403
 */
export async function startSigV4Server(
  answer: (arrival: Arrival) => { readonly status: number; readonly body: string },
): Promise<SigV4Server> {
  const arrivals: Arrival[] = [];
  const handle = (method: string, path: string, headers: Record<string, string>, body: Buffer) => {
    const arrival = { path, headers, ...verify(method, path, headers, body) };
    arrivals.push(arrival);
    return arrival.valid
      ? answer(arrival)
      : {
          status: 403,
          body: '{"__type":"InvalidSignatureException","message":"the signature does not match"}',
        };
  };
  const listener = (
    request: NodeJS.ReadableStream & { method?: string; url?: string; headers: object },
    response: {
      writeHead(status: number, headers: Record<string, string>): unknown;
      end(body: string): unknown;
    },
  ) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      headers['host'] ??= headers[':authority'] ?? '';
      const { status, body } = handle(
        request.method ?? 'GET',
        request.url ?? '/',
        headers,
        Buffer.concat(chunks),
      );
      response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': 'r-1' });
      response.end(body);
    });
  };
  const servers = [createHttp1(listener as never), createHttp2(listener as never)] as const;
  const urls = await Promise.all(
    servers.map(
      (server) =>
        new Promise<string>((resolve) => {
          server.listen(0, '127.0.0.1', () =>
            resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
          );
        }),
    ),
  );
  return {
    http1: urls[0] as string,
    http2: urls[1] as string,
    arrivals,
    async stop() {
      servers[0].closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** Recomputes the signature of one request, of its header or of its query. */
function verify(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): { readonly valid: boolean; readonly signedHeaders: readonly string[] | undefined } {
  const [path = '/', queryText = ''] = target.split('?', 2);
  const query = [...new URLSearchParams(queryText)];
  const fromQuery = Object.fromEntries(query.map(([key, value]) => [key.toLowerCase(), value]));
  const field = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(headers['authorization'] ?? '')?.[1];
  const presigned = 'x-amz-signature' in fromQuery;
  const signature = presigned ? fromQuery['x-amz-signature'] : field('Signature');
  const names = (presigned ? fromQuery['x-amz-signedheaders'] : field('SignedHeaders'))?.split(';');
  const [accessKey, date, region, service] =
    (presigned ? fromQuery['x-amz-credential'] : field('Credential'))?.split('/') ?? [];
  if (signature === undefined || names === undefined || service === undefined)
    return { valid: false, signedHeaders: names };
  const canonicalQuery = query
    .filter(([key]) => key.toLowerCase() !== 'x-amz-signature')
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .sort()
    .join('&');
  const payload =
    headers['x-amz-content-sha256'] ?? (presigned && service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256(body));
  const canonical = [
    method,
    service === 's3' ? path : path.split('/').map(encode).join('/'),
    canonicalQuery,
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    names.join(';'),
    payload,
  ].join('\n');
  const time = presigned ? fromQuery['x-amz-date'] : headers['x-amz-date'];
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [String(date), String(region), service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${CREDENTIALS.secretAccessKey}`,
  );
  const expected = createHmac('sha256', key).update(text).digest('hex');
  const intact = headers['x-amz-content-sha256'] === undefined || payload === sha256(body);
  return {
    valid: intact && accessKey === CREDENTIALS.accessKeyId && expected === signature,
    signedHeaders: names,
  };
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
