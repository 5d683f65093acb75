// Langfuse's span processor for OpenTelemetry, from a folder of its own (COMPARISON_LANGFUSE). Tuned: batches of 512
// every second, a timeout that outlasts an outage of ten seconds, forceFlush() awaited between thousands, shutdown()
// awaited. Its queue is OpenTelemetry's, with the same variables.
import { createRequire } from 'node:module';
import type { Tracer } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { live } from './life.ts';
import { llmSpan } from './otel-span.ts';

interface Langfuse {
  readonly LangfuseSpanProcessor: new (options: Readonly<Record<string, unknown>>) => SpanProcessor;
}

interface Sdk {
  readonly NodeTracerProvider: new (options: { readonly spanProcessors: readonly SpanProcessor[] }) => {
    register(): void;
    getTracer(name: string): Tracer;
    forceFlush(): Promise<void>;
    shutdown(): Promise<void>;
  };
}

const tuned = process.env['COMPARISON_TUNED'] === '1';
const require = createRequire(`${process.env['COMPARISON_LANGFUSE']}/package.json`);
const { LangfuseSpanProcessor } = require('@langfuse/otel') as Langfuse;
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node') as Sdk;
const processor = new LangfuseSpanProcessor({
  publicKey: 'pk-comparison',
  secretKey: 'sk-comparison',
  baseUrl: process.env['COMPARISON_UPSTREAM']!,
  ...(tuned ? { flushAt: 512, flushInterval: 1, timeout: 30, mediaUploadEnabled: false } : {}),
});
const provider = new NodeTracerProvider({ spanProcessors: [processor] });
provider.register();
const tracer = provider.getTracer('comparison');
await live(
  {
    // Its default filter keeps spans with gen_ai attributes, looked at when the span ends.
    span: (mark) => llmSpan(tracer, mark),
    flush: () => provider.forceFlush(),
    close: () => provider.shutdown(),
  },
  tuned,
);
