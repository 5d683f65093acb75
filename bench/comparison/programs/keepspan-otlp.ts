// OpenTelemetry's SDK with Keepspan's span processor in the place of BatchSpanProcessor and its exporter. Nothing is
// done at the end: what `tuned` asks of the other rows is not needed.
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { CustodySpanProcessor } from 'keepspan/otel';
import { live } from './life.ts';
import { llmSpan } from './otel-span.ts';

const processor = new CustodySpanProcessor({ endpoint: process.env['COMPARISON_UPSTREAM']! });
const provider = new NodeTracerProvider({ spanProcessors: [processor] });
provider.register();
const tracer = provider.getTracer('comparison');
await live(
  {
    span: (mark) => llmSpan(tracer, mark),
  },
  false,
);
