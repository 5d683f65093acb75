// OpenLLMetry (Traceloop). Tuned: forceFlush() awaited between thousands and at the end, and OpenTelemetry's variables
// for its queue, which it reads.
import { trace } from '@opentelemetry/api';
import * as traceloop from '@traceloop/node-server-sdk';
import { live } from './life.ts';
import { llmSpan } from './otel-span.ts';

const tuned = process.env['COMPARISON_TUNED'] === '1';
traceloop.initialize({
  appName: 'comparison',
  baseUrl: process.env['COMPARISON_UPSTREAM']!,
  apiKey: 'comparison',
  traceloopSyncEnabled: false,
  silenceInitializationMessage: true,
});
const tracer = trace.getTracer('comparison');
await live(
  {
    span: (mark) => llmSpan(tracer, mark),
    flush: () => traceloop.forceFlush(),
    close: () => traceloop.forceFlush(),
  },
  tuned,
);
