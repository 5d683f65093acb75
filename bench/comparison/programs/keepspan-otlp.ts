// OpenTelemetry's SDK with Keepspan's span processor in the place of BatchSpanProcessor and its exporter. Nothing is
// done at the end: what `tuned` asks of the other rows is not needed.
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { CustodySpanProcessor } from 'keepspan/otel';
import { live, TEXT } from './life.ts';

const processor = new CustodySpanProcessor({ endpoint: process.env['COMPARISON_UPSTREAM']! });
const provider = new NodeTracerProvider({ spanProcessors: [processor] });
provider.register();
const tracer = provider.getTracer('comparison');
await live(
  {
    span(mark) {
      const span = tracer.startSpan('chat model');
      span.setAttributes({
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'model',
        'gen_ai.input.messages': `${mark} ${TEXT}`,
        'gen_ai.output.messages': TEXT,
      });
      span.end();
    },
  },
  false,
);
