/**
 * Headers by which tracers pass a trace on: W3C, Datadog, B3, Sentry, Jaeger. AWS's own `x-amzn-trace-id` is not among
 * them: no signer covers it.
 */
export const TRACE_HEADERS: readonly string[] = [
  'traceparent',
  'tracestate',
  'baggage',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-datadog-origin',
  'x-datadog-tags',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'sentry-trace',
  'uber-trace-id',
];

const KNOWN = new Set(TRACE_HEADERS);

/** Whether a header of this name belongs to tracers. */
export function isTraceHeader(name: string): boolean {
  return KNOWN.has(name.toLowerCase());
}

const SIGNED_HEADERS = /SignedHeaders=([^,\s]+)/i;

/** Whether the signature of an `Authorization` header (SigV4, SigV4a) covers a trace header. */
export function authorizationCoversTrace(authorization: unknown): boolean {
  if (typeof authorization !== 'string' || !authorization.startsWith('AWS4-')) return false;
  return (SIGNED_HEADERS.exec(authorization)?.[1] ?? '').split(';').some(isTraceHeader);
}

/** The same of a presigned URL, or of a path with its query. */
export function queryCoversTrace(path: unknown): boolean {
  if (typeof path !== 'string' || !/x-amz-signedheaders=/i.test(path)) return false;
  const query = new URLSearchParams(path.slice(path.indexOf('?') + 1));
  for (const [key, value] of query) {
    if (key.toLowerCase() === 'x-amz-signedheaders') return value.split(';').some(isTraceHeader);
  }
  return false;
}
