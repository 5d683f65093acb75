import { createHash } from 'node:crypto';
import type { Settings } from '../../settings/table.ts';
import type { OtlpTarget } from '../../wire/otlp/encode.ts';

/** One OTLP/HTTP receiver, as the application names it. */
export interface OtlpEndpoint {
  /**
   * Base URL to which `/v1/traces` is added: `http://collector:4318`. Default: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`
   * (taken as it is), else `OTEL_EXPORTER_OTLP_ENDPOINT`, else `http://localhost:4318`.
   */
  readonly endpoint?: string | undefined;
  /** Default, where `endpoint` is absent, too: `OTEL_EXPORTER_OTLP_TRACES_HEADERS`, else `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default `OTEL_EXPORTER_OTLP_TRACES_COMPRESSION`, else `OTEL_EXPORTER_OTLP_COMPRESSION`, else `none`. */
  readonly compression?: 'none' | 'gzip' | undefined;
  /** Names its folder of the journal, where what it did not take yet waits; default: made of the address. */
  readonly name?: string | undefined;
}

/** A receiver with the folder that belongs to it. */
export interface NamedTarget extends OtlpTarget {
  readonly name: string;
}

const DEFAULT_BASE = 'http://localhost:4318';

/** More receivers than this are a mistake: each has a journal and a thread of its own. */
export const MAX_ENDPOINTS = 8;

/**
 * Completes what the application says with what the environment says.
 *
 * @throws TypeError for an address that is no http or https URL, or too many of them
 */
export function resolveEndpoints(
  given: readonly OtlpEndpoint[],
  settings: Pick<
    Settings,
    'otlpEndpoint' | 'otlpTracesEndpoint' | 'otlpHeaders' | 'otlpTracesHeaders' | 'otlpCompression'
  >,
): readonly NamedTarget[] {
  if (given.length > MAX_ENDPOINTS) throw new TypeError(`at most ${MAX_ENDPOINTS} OTLP endpoints`);
  const names = new Set<string>();
  return given.map((endpoint) => {
    const target = targetOf(endpoint, settings);
    const slug = slugOf(endpoint.name ?? target.tracesUrl.replace(/^https?:\/\//, ''));
    let name = slug;
    for (let n = 2; names.has(name); n++) name = `${slug}-${n}`;
    names.add(name);
    return { ...target, name };
  });
}

function targetOf(
  { endpoint, headers, compression }: OtlpEndpoint,
  settings: Parameters<typeof resolveEndpoints>[1],
): OtlpTarget {
  const own =
    headers ??
    (endpoint === undefined ? parseHeaders(settings.otlpTracesHeaders ?? settings.otlpHeaders) : {});
  const base = endpoint ?? settings.otlpEndpoint ?? DEFAULT_BASE;
  const exact = endpoint === undefined ? settings.otlpTracesEndpoint : undefined;
  return {
    tracesUrl: exact === undefined ? join(base, 'v1/traces') : checked(exact).href,
    logsUrl: exact === undefined ? join(base, 'v1/logs') : exact.replace(/\/v1\/traces\/?$/, '/v1/logs'),
    headers: own,
    compression: compression ?? settings.otlpCompression,
  };
}

function checked(address: string): URL {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new TypeError(`${JSON.stringify(address)} is no http or https address`);
  return url;
}

/** A base that names the signal already is what other exporters take: the path does not stand there twice. */
function join(base: string, path: string): string {
  const url = checked(base);
  url.pathname = `${url.pathname.replace(/\/+(?:v1\/traces\/*)?$/, '').replace(/\/v1\/traces$/, '')}/${path}`;
  return url.href;
}

/** `key=value` pairs, percent-encoded (OpenTelemetry specification, protocol/exporter, in the format of W3C baggage). */
export function parseHeaders(text: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of (text ?? '').split(',')) {
    const at = pair.indexOf('=');
    if (at > 0) headers[pair.slice(0, at).trim()] = decoded(pair.slice(at + 1).trim());
  }
  return headers;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // A plain percent sign in a key: it is meant as it stands.
  }
}

/** Credentials in an address must not become the name of a folder. */
function slugOf(text: string): string {
  const slug = text
    .replace(/^[^/@]*@/, '')
    .replace(/[?#].*$/, '')
    .replace(/\/v1\/traces$/, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return slug.length <= 60 && slug !== ''
    ? slug
    : `${slug.slice(0, 40)}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}
