import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { patch } from '../dd-trace/patch.ts';
import { authorizationCoversTrace, isTraceHeader, queryCoversTrace } from './trace-headers.ts';

/** The part of dd-trace's tracer by which every integration writes headers. */
interface Injector {
  inject?: (this: unknown, context: unknown, format: unknown, carrier: unknown) => unknown;
}

interface UndiciRequest {
  readonly headers?: unknown;
  readonly path?: unknown;
  addHeader?: (name: string, value: string) => unknown;
}

/** dd-trace's name of the format for HTTP requests; queues and brokers have `text_map`. */
const HTTP = 'http_headers';
const CREATED = 'undici:request:create';

/**
 * Keeps dd-trace from writing trace headers into HTTP requests whose signature covers one, or, with `never`, into any:
 * that is what `DD_REQUESTS_DISTRIBUTED_TRACING=false` means here. Spans are made all the same, and messages of queues
 * and brokers carry the trace on.
 *
 * @param tracer - `require('dd-trace')`
 * @returns uninstall; undefined where this version of dd-trace injects in another way
 */
export function guardInjection(tracer: object, never: boolean): (() => void) | undefined {
  const inner = Reflect.get(tracer, '_tracer') as Injector | undefined;
  const original = inner?.inject;
  if (inner === undefined || typeof original !== 'function') return undefined;
  return patch(inner, 'inject', function (context, format, carrier) {
    if (format === HTTP && (never || isCovered(carrier))) return carrier;
    return Reflect.apply(original, this, [context, format, carrier]);
  });
}

function isCovered(carrier: unknown): boolean {
  if (typeof carrier !== 'object' || carrier === null) return false;
  for (const name of Object.keys(carrier)) {
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      return authorizationCoversTrace(Reflect.get(carrier, name));
    }
  }
  return false;
}

/**
 * The same for requests of undici, `fetch` among them, whoever injects: they are handed out when they are made, and
 * headers are added to them one by one.
 *
 * @returns uninstall
 */
export function guardUndici(): () => void {
  const onCreated = (message: unknown) => {
    const { request } = message as { readonly request?: UndiciRequest };
    const add = request?.addHeader;
    if (request === undefined || typeof add !== 'function' || !isUndiciCovered(request)) return;
    request.addHeader = (name, value) =>
      isTraceHeader(name) ? request : Reflect.apply(add, request, [name, value]);
  };
  subscribe(CREATED, onCreated);
  return () => unsubscribe(CREATED, onCreated);
}

function isUndiciCovered({ headers, path }: UndiciRequest): boolean {
  if (queryCoversTrace(path)) return true;
  if (typeof headers === 'string') {
    return authorizationCoversTrace(/^authorization: (.*)$/im.exec(headers)?.[1]);
  }
  if (!Array.isArray(headers)) return false;
  for (let at = 0; at < headers.length; at += 2) {
    if (String(headers[at]).toLowerCase() === 'authorization')
      return authorizationCoversTrace(headers[at + 1]);
  }
  return false;
}
