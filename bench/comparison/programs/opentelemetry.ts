// OpenTelemetry's own SDK with OTLP over protobuf. Tuned: a queue and batches that hold a burst, a short delay, an
// export timeout that outlasts an outage of ten seconds, forceFlush() awaited between thousands, shutdown() awaited.
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { live } from './life.ts';
import { llmSpan } from './otel-span.ts';

const tuned = process.env['COMPARISON_TUNED'] === '1';
const url = `${process.env['COMPARISON_UPSTREAM']}/v1/traces`;
const exporter = tuned
  ? new OTLPTraceExporter({ url, timeoutMillis: 30_000, concurrencyLimit: 100 })
  : new OTLPTraceExporter({ url });
const processor = tuned
  ? new BatchSpanProcessor(exporter, {
      maxQueueSize: 50_000,
      maxExportBatchSize: 512,
      scheduledDelayMillis: 200,
      exportTimeoutMillis: 30_000,
    })
  : new BatchSpanProcessor(exporter);
const provider = new NodeTracerProvider({ spanProcessors: [processor] });
provider.register();
const tracer = trace.getTracer('comparison');
await live(
  {
    span: (mark) => llmSpan(tracer, mark),
    flush: () => provider.forceFlush(),
    close: () => provider.shutdown(),
  },
  tuned,
);
