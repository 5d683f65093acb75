import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPython } from './python.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

/** moto's stand-in of AWS with IAM on: it refuses a signature that does not hold, as AWS does. */
export interface Moto {
  readonly url: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

const VERSION = '5.2.5';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('moto/requirements.txt', import.meta.url));
const CACHE = join(ROOT, '.cache', 'counterparts');
const FOLDER = join(CACHE, `moto-${VERSION}`);
const START_MS = 30_000;
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

/**
 * Takes moto from PyPI, once.
 *
 * @returns the program
 * @throws what is missing, and how it is had
 */
export function installMoto(): string {
  return installPython('moto_server', FOLDER, REQUIREMENTS);
}

/** Starts moto on loopback with one user who may do everything; from then on every request is authenticated. */
export async function startMoto(): Promise<Moto> {
  const program = installMoto();
  return thrice(async () => {
    const [port] = (await freePorts(1)) as [number];
    const server = runLeashed(program, ['-H', '127.0.0.1', '-p', String(port)]);
    const url = `http://127.0.0.1:${port}`;
    try {
      await until(async () => void (await ask(`${url}/moto-api/data.json`)), START_MS, server.died);
      const iam = (action: string, more: Readonly<Record<string, string>> = {}) =>
        ask(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            // Where the request goes is read from here; nobody looks at the signature yet.
            authorization:
              'AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
          },
          body: new URLSearchParams({ Action: action, Version: '2010-05-08', UserName: 'keepspan', ...more }),
        });
      await iam('CreateUser');
      await iam('PutUserPolicy', { PolicyName: 'everything', PolicyDocument: POLICY });
      const key = await iam('CreateAccessKey');
      const field = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(key)?.[1] ?? '';
      await ask(`${url}/moto-api/reset-auth`, { method: 'POST', body: '0' });
      return {
        url,
        credentials: { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') },
        stop: () => server.stop(),
      };
    } catch (error) {
      await server.stop();
      throw new Error(`moto did not start: ${server.output()}`, { cause: error });
    }
  });
}

async function ask(url: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(START_MS) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text.slice(0, 500)}`);
  return text;
}
