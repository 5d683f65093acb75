import { patch } from '../dd-trace/patch.ts';
import { TRACE_HEADERS } from './trace-headers.ts';

type Method = (this: Record<string, unknown>, ...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

/** Files that hold a signer, by the packages that do. */
export const SIGNER_FILE = /(?:^|[\\/])(?:aws4|@smithy[\\/]signature-v4|aws-sdk)(?:[\\/]|$)/;

const UNSIGNED: Readonly<Record<string, true>> = Object.fromEntries(
  TRACE_HEADERS.map((name) => [name, true]),
);

/**
 * Makes a signer leave trace headers unsigned, so that a tracer may add or replace them afterwards: what a proxy
 * forwards or a middleware adds would else be covered by the signature and then changed. SigV4 demands `host` and
 * `x-amz-*` only (docs.aws.amazon.com, "Create a canonical request"). Headers that the caller names as signable stay
 * signed.
 *
 * @param loaded - what a package exports
 * @param seen - prototypes that are done; none is patched twice
 * @returns what puts everything back; empty where there is no signer
 */
export function leaveTraceUnsigned(loaded: unknown, seen: WeakSet<object>): (() => void)[] {
  const undo: (() => void)[] = [];
  const prototypeOf = (name: string): Methods | undefined => {
    const type: unknown = member(loaded, name);
    const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
    if (typeof prototype !== 'object' || prototype === null || seen.has(prototype)) return undefined;
    seen.add(prototype);
    undo.push(() => void seen.delete(prototype));
    return prototype as Methods;
  };
  const smithy = prototypeOf('SignatureV4');
  if (smithy !== undefined) undo.push(...smithyUnsigned(smithy));
  const aws4 = prototypeOf('RequestSigner');
  if (aws4 !== undefined) undo.push(...aws4Unsigned(aws4));
  const v2: unknown = member(member(member(loaded, 'Signers'), 'V4'), 'prototype');
  if (typeof v2 === 'object' && v2 !== null && !seen.has(v2)) {
    seen.add(v2);
    undo.push(...v2Unsigned(v2 as { unsignableHeaders?: unknown }));
  }
  return undo;
}

function member(value: unknown, key: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return Reflect.get(value, key);
}

/** `@smithy/signature-v4`: `signRequest` and `presign` take headers that are not to be signed. */
function smithyUnsigned(prototype: Methods): (() => void)[] {
  return ['signRequest', 'presign'].flatMap((name) => {
    const original = prototype[name];
    if (typeof original !== 'function') return [];
    return [
      patch(prototype, name, function (request, options, ...rest) {
        const given: unknown = member(options, 'unsignableHeaders');
        const unsignableHeaders = new Set<unknown>([
          ...(given instanceof Set ? given : []),
          ...TRACE_HEADERS,
        ]);
        const base = typeof options === 'object' && options !== null ? options : {};
        return Reflect.apply(original, this, [request, { ...base, unsignableHeaders }, ...rest]);
      }),
    ];
  });
}

/** aws4: the signer of one request has `extraHeadersToIgnore`, since 1.11. */
function aws4Unsigned(prototype: Methods): (() => void)[] {
  const original = prototype['sign'];
  if (typeof original !== 'function') return [];
  return [
    patch(prototype, 'sign', function (...args) {
      this['extraHeadersToIgnore'] = { ...UNSIGNED, ...Object(this['extraHeadersToIgnore']) };
      return Reflect.apply(original, this, args);
    }),
  ];
}

/** aws-sdk 2: an array on the prototype. */
function v2Unsigned(prototype: { unsignableHeaders?: unknown }): (() => void)[] {
  const before: unknown = prototype.unsignableHeaders;
  return Array.isArray(before) ? [patch(prototype, 'unsignableHeaders', [...before, ...TRACE_HEADERS])] : [];
}
