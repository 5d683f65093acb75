import { headerFormOf, withCarrier, type HeaderForm, type Headers } from './platformatic-headers.ts';
import { startProduceSpan, type KafkaSpan, type SpanMaker } from './platformatic-spans.ts';

interface ProducedMessage {
  readonly topic: string;
  headers?: Headers | undefined;
}

/** What `plt:kafka:producer:sends` says (diagnostic.js, createDiagnosticContext). */
export interface SendContext {
  readonly client: object;
  readonly options: { readonly messages: readonly ProducedMessage[] };
  readonly error?: unknown;
  readonly result?: { readonly offsets?: readonly { topic: string; partition: number; offset: bigint }[] };
}

/** Spans of a producer's sends, one a topic, their context in the headers of the messages. */
export interface ProduceSpans {
  start(context: SendContext): void;
  /** Idempotent: a failed send ends more than once. */
  end(context: SendContext): void;
}

export function createProduceSpans(maker: SpanMaker, onUnknownProducer: () => void): ProduceSpans {
  const open = new WeakMap<SendContext, ReadonlyMap<string, KafkaSpan>>();
  const forms = new WeakMap<object, HeaderForm | undefined>();

  function formOf(producer: object): HeaderForm | undefined {
    if (!forms.has(producer)) {
      const form = headerFormOf(producer);
      forms.set(producer, form);
      if (form === undefined) onUnknownProducer();
    }
    return forms.get(producer);
  }

  return {
    start(context) {
      const byTopic = Map.groupBy(context.options.messages, ({ topic }) => topic);
      const spans = new Map<string, KafkaSpan>();
      open.set(context, spans);
      const form = formOf(context.client);
      for (const [topic, messages] of byTopic) {
        const span = startProduceSpan(topic, messages.length, maker);
        spans.set(topic, span);
        if (form === undefined) continue;
        const carrier: Record<string, string> = {};
        maker.tracer.inject(span, 'text_map', carrier);
        // The headers of a message may be shared with others, so they are not written into.
        for (const message of messages) {
          if (Object.isExtensible(message)) message.headers = withCarrier(message.headers, carrier, form);
        }
      }
    },
    end(context) {
      const spans = open.get(context);
      if (spans === undefined) return;
      open.delete(context);
      for (const [topic, span] of spans) {
        if (context.error !== undefined) span.setTag('error', context.error);
        const offsets = (context.result?.offsets ?? [])
          .filter((entry) => entry.topic === topic)
          .map(({ partition, offset }) => ({ partition, start_offset: String(offset) }));
        if (offsets.length > 0) span.setTag('kafka.messages.offsets', JSON.stringify(offsets));
        span.finish();
      }
    },
  };
}
