import type { ReadableSpan } from '../../wire/otlp/readable-span.ts';
import type { OtlpCustody } from './custody.ts';
import type { StartedSpan } from './open-spans.ts';

/** What of OpenTelemetry's SpanProcessor is implemented, in the shapes of SDK 1.x to 3.x. */
export interface CustodyProcessor {
  onStart(span: StartedSpan): void;
  onEnd(span: ReadableSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** How long `forceFlush` waits for receivers by default, and `shutdown` for those that answer. */
const FLUSH_TIMEOUT_MS = 5000;

/** A processor that hands finished spans to custody. */
export function spanProcessorOf(custody: OtlpCustody, flushTimeoutMs = FLUSH_TIMEOUT_MS): CustodyProcessor {
  const settle = async (): Promise<void> => {
    custody.drain();
    await custody.deliver(flushTimeoutMs);
  };
  return {
    onStart: (span) => custody.started(span),
    onEnd: (span) => custody.take([span]),
    forceFlush: settle,
    shutdown: settle,
  };
}
