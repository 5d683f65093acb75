// Ends 1,000 spans for a receiver that is not there, shuts its provider down and ends by itself. Says how long that took
// from the call on. Arguments: custody or batch, URL, milliseconds that it runs before.
import { setTimeout as pause } from 'node:timers/promises';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { CustodySpanProcessor } from 'keepspan/otel';

const [side = '', url = '', runsMs = '0'] = process.argv.slice(2);
const processor =
  side === 'custody'
    ? new CustodySpanProcessor({ endpoint: url })
    : new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }));
const provider = new NodeTracerProvider({ spanProcessors: [processor] });
const tracer = provider.getTracer('bench');
for (let i = 0; i < 1000; i++) tracer.startSpan(`span ${i}`).end();
await pause(Number(runsMs));
const startMs = performance.now();
process.on('exit', () => process.stdout.write(JSON.stringify({ endMs: performance.now() - startMs })));
// BatchSpanProcessor rejects here, which would be another way to end.
await provider.shutdown().catch(() => undefined);
