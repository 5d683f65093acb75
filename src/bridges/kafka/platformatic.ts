import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { followStream, type ActiveStore, type MessagesStream } from './platformatic-consume.ts';
import { createProduceSpans, type SendContext } from './platformatic-produce.ts';
import type { KafkaTracer } from './platformatic-spans.ts';

export interface PlatformaticOptions {
  readonly tracer: KafkaTracer;
  /** Service of the application; spans belong to `<service>-kafka`, as those of the tracer's Kafka integrations do. */
  readonly service: string | undefined;
  readonly store: ActiveStore | undefined;
  readonly warn: (code: string, detail: Readonly<Record<string, unknown>>) => void;
}

/** Channels of @platformatic/kafka (diagnostic.js), public API: docs/diagnostic.md of the package. */
const INSTANCES = 'plt:kafka:instances';
const SENDS = 'plt:kafka:producer:sends';

/**
 * Spans for @platformatic/kafka, which dd-trace does not know: `kafka.produce` and `kafka.consume` with the context in
 * the message headers. Only channels are subscribed to: the package itself is neither loaded nor looked for. What the
 * bridge does wrong is one warning; the application's messages are not touched by it.
 *
 * @returns uninstall, which leaves streams that run as they were
 */
export function installPlatformaticKafka({ tracer, service, store, warn }: PlatformaticOptions): () => void {
  let active = true;
  const maker = { tracer, service };
  const onFault = (error: unknown): void =>
    warn('KS-KAFKA-002', { site: 'platformatic', error: String(error) });
  const safely =
    <T>(handle: (message: T) => void) =>
    (message: unknown): void => {
      try {
        handle(message as T);
      } catch (error) {
        onFault(error); // Thrown in a subscriber it would be an uncaught exception.
      }
    };

  const onInstance = safely<{ readonly type: string; readonly instance: object }>(({ type, instance }) => {
    if (type !== 'messages-stream') return;
    followStream(instance as MessagesStream, { ...maker, store, installed: () => active, onFault });
  });
  const spans = createProduceSpans(maker, () => warn('KS-KAFKA-001', { site: 'platformatic' }));
  const end = safely<SendContext>((context) => spans.end(context));
  const sends = {
    start: safely<SendContext>((context) => spans.start(context)),
    error: end,
    asyncStart: end,
  };

  subscribe(INSTANCES, onInstance);
  const { start, error, asyncStart } = tracingChannel(SENDS);
  start.subscribe(sends.start);
  error.subscribe(sends.error);
  asyncStart.subscribe(sends.asyncStart);
  return () => {
    active = false;
    unsubscribe(INSTANCES, onInstance);
    start.unsubscribe(sends.start);
    error.unsubscribe(sends.error);
    asyncStart.unsubscribe(sends.asyncStart);
  };
}
