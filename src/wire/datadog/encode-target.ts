import { isIPv4 } from 'node:net';
import type { SignalKind } from '../../contracts/signal.ts';

/** Where LLM spans and evaluations go. */
export type DatadogTarget =
  | {
      readonly mode: 'agent';
      /** Address of the Datadog Agent: `http:`, `https:` or `unix:`. */
      readonly url: string;
    }
  | {
      readonly mode: 'agentless';
      readonly apiKey: string;
      /** Such as `datadoghq.com`. */
      readonly site: string;
      /** Takes the place of both intakes' origins: a proxy or a test. */
      readonly intakeUrl?: string;
    };

/** Origin, path and headers of one kind's requests. */
export interface Destination {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

type JsonKind = Exclude<SignalKind, 'spans'>;

// dd-trace 6.21, llmobs/constants/writers.js.
const INTAKES: Readonly<Record<JsonKind, { readonly subdomain: string; readonly path: string }>> = {
  llmSpans: { subdomain: 'llmobs-intake', path: '/api/v2/llmobs' },
  evaluations: { subdomain: 'api', path: '/api/intake/llm-obs/v2/eval-metric' },
};

/** Where requests of LLM spans or evaluations go, and as whom. */
export function destinationOf(kind: JsonKind, target: DatadogTarget): Destination {
  const { subdomain, path } = INTAKES[kind];
  if (target.mode === 'agent') {
    return {
      origin: originOf(target.url),
      path: `/evp_proxy/v2${path}`,
      headers: { 'Content-Type': 'application/json', 'X-Datadog-EVP-Subdomain': subdomain },
    };
  }
  const origin = originOf(target.intakeUrl ?? `https://${subdomain}.${target.site}`);
  const headers = { 'Content-Type': 'application/json' };
  return {
    origin,
    path,
    // Without the key the intake answers 401 or 403 and the stream is held, which is what a wrong URL deserves.
    headers: mayCarryKey(origin) ? { ...headers, 'DD-API-KEY': target.apiKey } : headers,
  };
}

/** The origin of a web address; a `unix:` address whole. */
export function originOf(url: string): string {
  return url.startsWith('unix:') ? url : new URL(url).origin;
}

/** An API key never travels in clear text to another machine (dd-trace: `canSendApiKey`). */
function mayCarryKey(origin: string): boolean {
  if (!origin.startsWith('http:')) return true;
  const { hostname } = new URL(origin);
  return (
    hostname === 'localhost' || hostname === '[::1]' || (hostname.startsWith('127.') && isIPv4(hostname))
  );
}
