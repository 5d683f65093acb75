import type { Collector } from '../datadog/decode-error.ts';
import { clampInteger, type Fields, microseconds } from '../datadog/decode-values.ts';

/** One OTLP span as it is shown: columns to list and search by, everything else once, as JSON. */
export interface OtlpTraceSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, or '' for a root. */
  readonly parentId: string;
  /** `service.name` of the resource, or ''. */
  readonly service: string;
  readonly name: string;
  /** OTLP has none; '' keeps the shape of the other protocol. */
  readonly resource: string;
  readonly startUs: number;
  readonly durationNs: number;
  readonly error: boolean;
  /** JSON: `{ startNs, kind, attributes, events, links, statusMessage?, traceState?, scope, resource }`. */
  readonly detail: string;
}

/** A span between the encodings and the shape above. Ids are lower-case hex, '' when absent. */
export interface RawSpan {
  traceId: string;
  spanId: string;
  parentId: string;
  name: string;
  /** Number of the SpanKind enum. */
  kind: number;
  startNs: bigint;
  endNs: bigint;
  attributes: Record<string, unknown>;
  events: unknown[];
  links: unknown[];
  statusCode: number;
  statusMessage: string;
  traceState: string;
  /** Why the span cannot be accepted, when its encoding already tells. */
  fault?: string;
}

/** All spans of one resource and one scope, before their ids are judged. */
export interface RawGroup {
  resource: Record<string, unknown>;
  scopes: { scope: Record<string, unknown>; spans: RawSpan[] }[];
}

export const emptySpan = (): RawSpan => ({
  traceId: '',
  spanId: '',
  parentId: '',
  name: '',
  kind: 0,
  startNs: 0n,
  endNs: 0n,
  attributes: {},
  events: [],
  links: [],
  statusCode: 0,
  statusMessage: '',
  traceState: '',
});

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUS_ERROR = 2;
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

function invalid(span: RawSpan): string | undefined {
  if (span.fault !== undefined) return span.fault;
  if (!TRACE_ID.test(span.traceId)) return 'traceId is not 16 bytes other than zero';
  if (!SPAN_ID.test(span.spanId)) return 'spanId is not 8 bytes other than zero';
  if (span.parentId !== '' && !/^[0-9a-f]{16}$/.test(span.parentId)) return 'parentSpanId is not 8 bytes';
  return undefined;
}

/**
 * Judges and shapes the spans of one resource.
 *
 * @throws WireLimitError past the collector's bound.
 */
export function shapeGroup(group: RawGroup, out: Collector<OtlpTraceSpan>): void {
  const serviceName = group.resource['service.name'];
  const service = typeof serviceName === 'string' ? serviceName : '';
  const resourceJson = JSON.stringify(group.resource);
  for (const { scope, spans } of group.scopes) {
    const tail = `,"scope":${JSON.stringify(scope)},"resource":${resourceJson}}`;
    for (const span of spans) {
      const reason = invalid(span);
      if (reason !== undefined) {
        out.reject(reason);
        continue;
      }
      const head: Fields = {
        startNs: span.startNs.toString(),
        kind: KINDS[span.kind] ?? String(span.kind),
        attributes: span.attributes,
        events: span.events,
        links: span.links,
        statusMessage: span.statusMessage || undefined,
        traceState: span.traceState || undefined,
      };
      out.add({
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: /^0*$/.test(span.parentId) ? '' : span.parentId,
        service,
        name: span.name,
        resource: '',
        startUs: microseconds(span.startNs) ?? 0,
        durationNs: clampInteger(span.endNs > span.startNs ? span.endNs - span.startNs : 0n) ?? 0,
        error: span.statusCode === STATUS_ERROR,
        detail: JSON.stringify(head).slice(0, -1) + tail,
      });
    }
  }
}
