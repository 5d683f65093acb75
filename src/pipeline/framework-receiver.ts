import type { Settings } from '../settings/table.ts';
import { parseHeaders, type OtlpEndpoint } from './otlp/endpoints.ts';

/** Where OpenLLMetry itself sends when it has a key and is told nothing else. */
const VENDOR = 'https://api.traceloop.com';

/** The receiver of the framework stream of stack `dual`; undefined where the settings name none. */
export function frameworkReceiver(
  settings: Settings,
): (OtlpEndpoint & { readonly endpoint: string }) | undefined {
  const { traceloopBaseUrl, traceloopApiKey, otlpEndpoint } = settings;
  const url = traceloopBaseUrl ?? otlpEndpoint ?? (traceloopApiKey === undefined ? undefined : VENDOR);
  if (url === undefined) return undefined;
  const endpoint = url.replace(/\/+$/, '').replace(/\/v1\/traces$/, '');
  return { name: 'frameworks', endpoint, headers: headersOf(settings) };
}

function headersOf({
  traceloopBaseUrl,
  traceloopHeaders,
  traceloopApiKey,
  otlpHeaders,
}: Settings): Record<string, string> {
  if (traceloopHeaders !== undefined) return parseHeaders(traceloopHeaders);
  if (traceloopApiKey !== undefined) return { authorization: `Bearer ${traceloopApiKey}` };
  return traceloopBaseUrl === undefined ? parseHeaders(otlpHeaders) : {};
}
