import type { SignalKind } from '../../contracts/signal.ts';
import { writeAttributes, writeKeyValue } from './encode-attributes.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type {
  ContentFilter,
  ReadableSpan,
  Scope,
  SpanContext,
  SpanLink,
  SpanResource,
  TimedEvent,
} from './readable-span.ts';

// Field numbers: opentelemetry-proto 1.x, opentelemetry/proto/trace/v1/trace.proto and collector/trace/v1.
const REQUEST = { resourceSpans: 1 } as const;
const RESOURCE_SPANS = { resource: 1, scopeSpans: 2, schemaUrl: 3 } as const;
const RESOURCE = { attributes: 1 } as const;
const SCOPE_SPANS = { scope: 1, spans: 2, schemaUrl: 3 } as const;
const SCOPE = { name: 1, version: 2 } as const;
const SPAN = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  startTime: 7,
  endTime: 8,
  attributes: 9,
  droppedAttributes: 10,
  events: 11,
  droppedEvents: 12,
  links: 13,
  droppedLinks: 14,
  status: 15,
  flags: 16,
} as const;
const EVENT = { time: 1, name: 2, attributes: 3, droppedAttributes: 4 } as const;
const LINK = { traceId: 1, spanId: 2, traceState: 3, attributes: 4, droppedAttributes: 5, flags: 6 } as const;
const STATUS = { message: 2, code: 3 } as const;

/** Bits of `flags` above the W3C ones: whether it is known that the parent is remote, and that it is. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** A span as a whole `ExportTraceServiceRequest`: concatenated, such requests are one request again. */
export interface EncodedSpan {
  readonly kind: Extract<SignalKind, 'spans' | 'llmSpans'>;
  /** Good until the next span is encoded. */
  readonly body: Uint8Array;
}

/**
 * Encodes finished spans. Resources and scopes are encoded once for each object, as long as the SDK keeps it.
 * One of these for a thread: it holds one buffer.
 */
export class SpanEncoder {
  readonly #writer = new ProtobufWriter();
  readonly #parts = new ProtobufWriter();
  readonly #filter: ContentFilter | undefined;
  readonly #resources = new WeakMap<object, Uint8Array>();
  readonly #scopes = new WeakMap<object, Uint8Array>();

  /** @param filter absent: everything is kept */
  constructor(filter?: ContentFilter) {
    this.#filter = filter;
  }

  /** @throws what a getter of the span throws, or MessageTooLargeError */
  encode(span: ReadableSpan): EncodedSpan {
    const resource = this.#resource(span.resource);
    const scope = this.#scope(span.instrumentationScope ?? span.instrumentationLibrary);
    const w = this.#writer;
    w.begin();
    const request = w.open(REQUEST.resourceSpans);
    w.raw(resource);
    const scopeSpans = w.open(RESOURCE_SPANS.scopeSpans);
    w.raw(scope);
    const start = w.open(SCOPE_SPANS.spans);
    const llm = this.#span(w, span);
    w.close(start);
    w.close(scopeSpans);
    w.close(request);
    return { kind: llm ? 'llmSpans' : 'spans', body: w.finish() };
  }

  #span(w: ProtobufWriter, span: ReadableSpan): boolean {
    const filter = this.#filter;
    const context = span.spanContext();
    w.hex(SPAN.traceId, context.traceId);
    w.hex(SPAN.spanId, context.spanId);
    traceState(w, SPAN.traceState, context);
    const parentId = span.parentSpanContext?.spanId ?? span.parentSpanId;
    if (parentId) w.hex(SPAN.parentSpanId, parentId);
    w.string(SPAN.name, span.name);
    w.uint(SPAN.kind, span.kind + 1);
    w.time(SPAN.startTime, span.startTime);
    w.time(SPAN.endTime, span.endTime);
    const llm = writeAttributes(w, SPAN.attributes, span.attributes, filter);
    count(w, SPAN.droppedAttributes, span.droppedAttributesCount);
    for (const event of span.events) if (filter?.event(event.name) !== false) this.#event(w, event);
    count(w, SPAN.droppedEvents, span.droppedEventsCount);
    for (const link of span.links) this.#link(w, link);
    count(w, SPAN.droppedLinks, span.droppedLinksCount);
    this.#status(w, span.status);
    w.fixed32(SPAN.flags, flagsOf(context.traceFlags, span.parentSpanContext?.isRemote));
    return llm;
  }

  #event(w: ProtobufWriter, { time, name, attributes, droppedAttributesCount }: TimedEvent): void {
    const start = w.open(SPAN.events);
    w.time(EVENT.time, time);
    w.string(EVENT.name, name);
    if (attributes !== undefined) writeAttributes(w, EVENT.attributes, attributes, this.#filter);
    count(w, EVENT.droppedAttributes, droppedAttributesCount);
    w.close(start);
  }

  #link(w: ProtobufWriter, { context, attributes, droppedAttributesCount }: SpanLink): void {
    const start = w.open(SPAN.links);
    w.hex(LINK.traceId, context.traceId);
    w.hex(LINK.spanId, context.spanId);
    traceState(w, LINK.traceState, context);
    if (attributes !== undefined) writeAttributes(w, LINK.attributes, attributes, this.#filter);
    count(w, LINK.droppedAttributes, droppedAttributesCount);
    w.fixed32(LINK.flags, flagsOf(context.traceFlags, context.isRemote));
    w.close(start);
  }

  #status(w: ProtobufWriter, { code, message }: ReadableSpan['status']): void {
    const start = w.open(SPAN.status);
    const kept = message === undefined ? undefined : keptMessage(message, this.#filter);
    if (kept) w.string(STATUS.message, kept);
    if (code > 0) w.uint(STATUS.code, code);
    w.close(start);
  }

  /** The fields of `ResourceSpans` that a resource fills. While attributes are still awaited, what is known by now. */
  #resource(resource: SpanResource | undefined): Uint8Array {
    if (resource === undefined) return NOTHING;
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    const w = this.#parts;
    w.begin();
    const start = w.open(RESOURCE_SPANS.resource);
    for (const [key, value] of attributesOf(resource)) {
      if (value !== undefined && value !== null && !isPromiseLike(value))
        writeKeyValue(w, RESOURCE.attributes, key, value, 0);
    }
    w.close(start);
    if (resource.schemaUrl) w.string(RESOURCE_SPANS.schemaUrl, resource.schemaUrl);
    const bytes = Uint8Array.from(w.finish());
    if (resource.asyncAttributesPending !== true) this.#resources.set(resource, bytes);
    return bytes;
  }

  #scope(scope: Scope | undefined): Uint8Array {
    if (scope === undefined) return NOTHING;
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    const w = this.#parts;
    w.begin();
    const start = w.open(SCOPE_SPANS.scope);
    w.string(SCOPE.name, scope.name);
    if (scope.version) w.string(SCOPE.version, scope.version);
    w.close(start);
    if (scope.schemaUrl) w.string(SCOPE_SPANS.schemaUrl, scope.schemaUrl);
    const bytes = Uint8Array.from(w.finish());
    this.#scopes.set(scope, bytes);
    return bytes;
  }
}

const NOTHING = new Uint8Array(0);

/** SDK 2.x reports an error when `attributes` is read too early; the raw ones hold promises beside values. */
function attributesOf(resource: SpanResource): Iterable<readonly [string, unknown]> {
  if (resource.getRawAttributes === undefined) return Object.entries(resource.attributes);
  const first = new Map<string, unknown>();
  // Merged resources hold the winning value first.
  for (const [key, value] of resource.getRawAttributes())
    if (!first.has(key) && value !== undefined && value !== null) first.set(key, value);
  return first;
}

function isPromiseLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}

function keptMessage(message: string, filter: ContentFilter | undefined): string | undefined {
  return filter === undefined ? message : filter.statusMessage(message);
}

function traceState(w: ProtobufWriter, field: number, { traceState: state }: SpanContext): void {
  const text = state?.serialize();
  if (text) w.string(field, text);
}

function count(w: ProtobufWriter, field: number, n: number | undefined): void {
  if (n !== undefined && n > 0) w.uint(field, n);
}

function flagsOf(traceFlags = 0, isRemote = false): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}
