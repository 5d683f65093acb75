/** The public API of dd-trace that the bridge uses. */
export interface KafkaTracer {
  startSpan(
    name: string,
    options: { readonly childOf?: unknown; readonly tags: Readonly<Record<string, unknown>> },
  ): KafkaSpan;
  inject(span: KafkaSpan, format: 'text_map', carrier: Record<string, string>): void;
  extract(format: 'text_map', carrier: Readonly<Record<string, string>>): unknown;
  scope(): { active(): unknown; activate<T>(span: KafkaSpan, fn: () => T): T };
}

export interface KafkaSpan {
  setTag(key: string, value: unknown): unknown;
  finish(): void;
}

/** The part of a consumed message that is looked at. Header keys and values are what the application's deserializers made. */
export interface ConsumedMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly headers?: ReadonlyMap<unknown, unknown>;
}

/** Who makes the spans, and under which service; both as the tracer's own Kafka integration would. */
export interface SpanMaker {
  readonly tracer: KafkaTracer;
  readonly service: string | undefined;
}

const COMPONENT = 'platformatic-kafka';

function baseTags(topic: string, { service }: SpanMaker): Record<string, unknown> {
  return {
    component: COMPONENT,
    'resource.name': topic,
    'kafka.topic': topic,
    'messaging.system': 'kafka',
    'messaging.destination.name': topic,
    ...(service === undefined ? {} : { service: `${service}-kafka` }),
  };
}

/** `kafka.consume`, below the span whose context the message carries. */
export function startConsumeSpan(message: ConsumedMessage, maker: SpanMaker): KafkaSpan {
  const carrier: Record<string, string> = {};
  for (const [key, value] of message.headers ?? []) {
    const name = headerText(key);
    const text = headerText(value);
    if (name !== undefined && text !== undefined) carrier[name] = text;
  }
  return maker.tracer.startSpan('kafka.consume', {
    childOf: maker.tracer.extract('text_map', carrier),
    tags: {
      ...baseTags(message.topic, maker),
      'span.kind': 'consumer',
      'span.type': 'worker',
      'kafka.partition': message.partition,
      'kafka.message.offset': String(message.offset),
    },
  });
}

/** `kafka.produce`, below what is active. */
export function startProduceSpan(topic: string, messages: number, maker: SpanMaker): KafkaSpan {
  return maker.tracer.startSpan('kafka.produce', {
    childOf: maker.tracer.scope().active(),
    tags: { ...baseTags(topic, maker), 'span.kind': 'producer', 'kafka.batch_size': messages },
  });
}

/** Header keys and values are Buffers where the application has no deserializer for them. */
export function headerText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}
