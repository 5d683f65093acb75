/**
 * What of OpenTelemetry's ReadableSpan is read, in the shapes of SDK 1.x, 2.x and 3.x. Nothing of the SDK is loaded:
 * its objects are recognised by these properties (opentelemetry-js, sdk-trace, src/export/ReadableSpan.ts).
 */
export interface ReadableSpan {
  readonly name: string;
  /** 0 internal, 1 server, 2 client, 3 producer, 4 consumer. */
  readonly kind: number;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: Attributes;
  readonly events: readonly TimedEvent[];
  readonly links: readonly SpanLink[];
  readonly resource?: SpanResource | undefined;
  /** SDK 2.x and later. */
  readonly instrumentationScope?: Scope | undefined;
  /** SDK 1.x. */
  readonly instrumentationLibrary?: Scope | undefined;
  /** SDK 2.x and later. */
  readonly parentSpanContext?: SpanContext | undefined;
  /** SDK 1.x. */
  readonly parentSpanId?: string | undefined;
  readonly droppedAttributesCount?: number | undefined;
  readonly droppedEventsCount?: number | undefined;
  readonly droppedLinksCount?: number | undefined;
  spanContext(): SpanContext;
}

/** Seconds and nanoseconds since 1970. */
export type HrTime = readonly [number, number];

export type Attributes = Readonly<Record<string, unknown>>;

export interface SpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 0: sampled. */
  readonly traceFlags?: number | undefined;
  readonly isRemote?: boolean | undefined;
  readonly traceState?: { serialize(): string } | undefined;
}

export interface TimedEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: Attributes | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

export interface SpanLink {
  readonly context: SpanContext;
  readonly attributes?: Attributes | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

export interface SpanResource {
  readonly attributes: Attributes;
  readonly schemaUrl?: string | undefined;
  /** SDK 1.14 and later: values that come later are promises, and reading `attributes` is reported as an error. */
  readonly asyncAttributesPending?: boolean | undefined;
  /** SDK 2.x and later. */
  getRawAttributes?(): readonly (readonly [string, unknown])[];
}

export interface Scope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
}

/** What may be kept of a span's content (law L13). Its methods are pure and must not throw. */
export interface ContentFilter {
  /** What is kept in the attribute's place; undefined leaves it out. */
  attribute(key: string, value: unknown): unknown;
  /** Whether an event is kept, whose attributes are asked for one by one. */
  event(name: string): boolean;
  /** The text of an error's status; undefined leaves it out. */
  statusMessage(text: string): string | undefined;
}
