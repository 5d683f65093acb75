import type { RootFacts, TraceFacts } from '../contracts/sampling.ts';

/** What of OpenTelemetry's ReadableSpan (SDK 1.x and 2.x) is read here; nothing of the SDK is loaded. */
export interface OtelSpan {
  readonly name: string;
  /** 0 internal, 1 server, 2 client, 3 producer, 4 consumer. */
  readonly kind: number;
  readonly status: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource?: { readonly attributes: Readonly<Record<string, unknown>> };
  /** SDK 2.x. */
  readonly parentSpanContext?: OtelSpanContext | undefined;
  /** SDK 1.x. */
  readonly parentSpanId?: string | undefined;
  spanContext(): OtelSpanContext;
}

export interface OtelSpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isRemote?: boolean | undefined;
  readonly traceState?: OtelTraceState | undefined;
}

export interface OtelTraceState {
  get(key: string): string | undefined;
  set(key: string, value: string): OtelTraceState;
  unset(key: string): OtelTraceState;
  serialize(): string;
}

const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'];
const ERROR = 2;

/** Attributes of LLM work in the OpenTelemetry conventions, OpenLLMetry and OpenInference, by how they begin. */
const LLM_PREFIXES = ['gen_ai.', 'llm.', 'traceloop.', 'openinference.'];

/**
 * What is known of the spans of one trace in this process.
 *
 * @param root the local root; undefined when it is not among them
 */
export function otelFacts(spans: readonly OtelSpan[], root: OtelSpan | undefined): TraceFacts {
  const first = spans[0] ?? root;
  return {
    traceId: first === undefined ? 0n : lowHalf(first.spanContext().traceId),
    root: root === undefined ? undefined : rootFacts(root),
    llm: spans.some(isLlm),
    error: spans.some(({ status }) => status.code === ERROR),
    manualKeep: spans.some(isManualKeep),
    hasSpan: (spanIds) => spans.some((span) => spanIds.has(BigInt(`0x${span.spanContext().spanId}`))),
  };
}

function lowHalf(traceId: string): bigint {
  return BigInt(`0x${traceId.slice(-16)}`);
}

function rootFacts({ name, kind, attributes, resource }: OtelSpan): RootFacts {
  const tag = (key: string): string | number | undefined => {
    if (key === 'span.kind') return KINDS[kind];
    const value = attributes[key];
    if (typeof value === 'string' || typeof value === 'number') return value;
    return value === undefined || value === null ? undefined : JSON.stringify(value);
  };
  const method = tag('http.request.method') ?? tag('http.method');
  const route = tag('http.route');
  return {
    name,
    // As Datadog derives it from OpenTelemetry spans: method and route of a request, else the name.
    resource: String(
      tag('resource.name') ?? (method !== undefined && route !== undefined ? `${method} ${route}` : name),
    ),
    service: text(resource?.attributes['service.name']),
    tag,
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isLlm({ attributes }: OtelSpan): boolean {
  for (const key in attributes) if (LLM_PREFIXES.some((prefix) => key.startsWith(prefix))) return true;
  return false;
}

/** `sampling.priority` is the convention of OpenTracing, which bridges still set. */
function isManualKeep({ attributes }: OtelSpan): boolean {
  const keep = attributes['manual.keep'];
  return (keep !== undefined && keep !== false) || Number(attributes['sampling.priority'] ?? 0) > 0;
}
