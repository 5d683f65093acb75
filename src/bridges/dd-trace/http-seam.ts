import http from 'node:http';
import { patch } from './patch.ts';
import { IntakeRequest, type CapturedAnswer, type CapturedRequest } from './intake-request.ts';

/** Where dd-trace was told the Agent is. */
export interface AgentAddress {
  readonly hostname: string;
  readonly port: string;
  readonly socketPath: string;
}

export function agentAddress(agentUrl: string): AgentAddress {
  const url = new URL(agentUrl);
  if (url.protocol === 'unix:') return { hostname: '', port: '', socketPath: url.pathname };
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return { hostname: unbracket(url.hostname), port, socketPath: '' };
}

/** Paths that carry signals; everything else that dd-trace sends (info, telemetry, stats, …) passes through. */
const SIGNAL_PATHS =
  /^\/(?:v0\.[45]\/traces|evp_proxy\/v\d\/api\/(?:v2\/llmobs|intake\/llm-obs\/v\d\/eval-metric))$/;

/** The headers by which a request is dd-trace's own and not the application's. */
const TRACER_HEADERS = ['Datadog-Meta-Tracer-Version', 'X-Datadog-EVP-Subdomain'];

/** Whether a request that came over a socket is the tracer's and carries signals. Header names are in lower case. */
export function isSignalRequest(path: string, headers: Readonly<Record<string, unknown>>): boolean {
  return SIGNAL_PATHS.test(path) && TRACER_HEADERS.some((name) => name.toLowerCase() in headers);
}

/**
 * The public-protocol seam: `http.request` to the Agent's address, for signals, is answered from here instead
 * of over a socket. Synchronous, so 'exit' handlers can use it.
 *
 * @param take what is done with a captured request; it must not throw
 * @returns uninstall; from then on everything passes through, also where somebody wrapped ours and holds on to it
 * @throws TypeError when `http.request` cannot be replaced
 */
export function installHttpSeam(
  address: AgentAddress,
  take: (request: CapturedRequest) => CapturedAnswer,
): () => void {
  const original = http.request;
  let installed = true;
  const request = function (this: unknown, ...args: Parameters<typeof http.request>) {
    const captured = installed ? recognise(args[0], address) : undefined;
    if (captured === undefined) return Reflect.apply(original, this, args);
    const onResponse = args.find((arg): arg is (response: unknown) => void => typeof arg === 'function');
    return new IntakeRequest(captured, (body) => take({ ...captured, body }), onResponse);
  };
  const undo = patch(http, 'request', request as unknown as typeof http.request);
  return () => {
    installed = false;
    undo();
  };
}

/** Whether both name one place. */
export function sameAddress(a: AgentAddress, b: AgentAddress): boolean {
  return a.hostname === b.hostname && a.port === b.port && a.socketPath === b.socketPath;
}

function recognise(options: unknown, address: AgentAddress): Omit<CapturedRequest, 'body'> | undefined {
  if (typeof options !== 'object' || options === null || options instanceof URL) return undefined;
  const { path, method, headers, hostname, host, port, socketPath } = options as Record<string, unknown>;
  if (typeof path !== 'string' || !SIGNAL_PATHS.test(path)) return undefined;
  if (typeof headers !== 'object' || headers === null) return undefined;
  if (!TRACER_HEADERS.some((name) => name in headers)) return undefined;
  const there =
    address.socketPath !== ''
      ? socketPath === address.socketPath
      : unbracket(textOf(hostname ?? host)) === address.hostname && textOf(port ?? '80') === address.port;
  if (!there) return undefined;
  return { method: textOf(method ?? 'GET'), path, headers: headers as Record<string, unknown> };
}

function unbracket(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
