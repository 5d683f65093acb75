import type { SignalKind } from '../../contracts/signal.ts';
import { walkTraces, walkTracesV05 } from '../../wire/datadog/msgpack-walk.ts';

/** Signals in the body of a request of dd-trace. */
export interface BodyCount {
  readonly kind: SignalKind;
  readonly signals: number;
}

/** Which signals a path carries; undefined for what is passed through without being looked at. */
export function kindOfPath(path: string): SignalKind | undefined {
  if (/^\/v0\.[345]\/traces(?:\?|$)/.test(path)) return 'spans';
  if (/^\/evp_proxy\/v\d\/api\/v2\/llmobs(?:\?|$)/.test(path)) return 'llmSpans';
  return /^\/evp_proxy\/v\d\/api\/intake\/llm-obs\/v\d\/eval-metric(?:\?|$)/.test(path)
    ? 'evaluations'
    : undefined;
}

/** @throws what a body throws that is not what its path says */
export function countBody(kind: SignalKind, path: string, body: Buffer): BodyCount {
  switch (kind) {
    case 'spans':
      return { kind, signals: (path.startsWith('/v0.5') ? walkTracesV05(body) : walkTraces(body)).spans };
    case 'llmSpans': {
      const batches = [JSON.parse(body.toString('utf8')) as unknown].flat() as readonly {
        readonly spans: readonly unknown[];
      }[];
      return { kind, signals: batches.reduce((sum, { spans }) => sum + spans.length, 0) };
    }
    case 'evaluations': {
      const { data } = JSON.parse(body.toString('utf8')) as {
        readonly data: { readonly attributes: { readonly metrics: readonly unknown[] } };
      };
      return { kind, signals: data.attributes.metrics.length };
    }
  }
}
