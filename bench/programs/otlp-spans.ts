// Ends spans in turns on two providers, one with a CustodySpanProcessor and one with a BatchSpanProcessor and its real
// OTLP exporter, both to the same receiver. Counted is all that the main thread does until they are delivered. Arguments:
// values, blocks a value, spans a block (below 512, so that the BatchSpanProcessor loses none), URL of the receiver.
import { setTimeout as pause } from 'node:timers/promises';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ledger } from 'keepspan';
import { CustodySpanProcessor } from 'keepspan/otel';

export interface OtlpCosts {
  /** Microseconds of main-thread CPU a span, from its start to its delivery. */
  readonly subject: readonly number[];
  readonly alternative: readonly number[];
  /** The same with nothing behind the provider: making spans alone. */
  readonly bare: readonly number[];
}

const [values = 0, blocks = 0, perBlock = 0] = process.argv.slice(2, 5).map(Number);
const url = process.argv[5]!;

const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
let exported = 0;
const toReceiver = exporter.export.bind(exporter);
exporter.export = (spans, done) =>
  toReceiver(spans, (result) => {
    if (result.code === 0) exported += spans.length;
    done(result);
  });
const batch = new BatchSpanProcessor(exporter);
const custody = new CustodySpanProcessor({ endpoint: url });
// By its name one of LLM work, whose spans are followed until they end.
const tracerOf = (spanProcessors: SpanProcessor[]) =>
  new NodeTracerProvider({ spanProcessors }).getTracer('bench-openai', '1.0.0');
const tracers = { subject: tracerOf([custody]), alternative: tracerOf([batch]), bare: tracerOf([]) };

const TEXT = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'x'.repeat(450) }] }]);

function endSpans(side: keyof typeof tracers): void {
  for (let i = 0; i < perBlock; i++) {
    const span = tracers[side].startSpan('chat gpt-4o', { kind: 2 });
    span.setAttributes({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.id': `chatcmpl-${i}`,
      'gen_ai.usage.input_tokens': 120 + i,
      'gen_ai.usage.output_tokens': 80,
      'gen_ai.request.temperature': 0.2,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.input.messages': TEXT,
      'gen_ai.output.messages': TEXT,
    });
    span.end();
  }
}

const settled: Record<keyof typeof tracers, (total: number) => Promise<void>> = {
  // Nobody has to ask: the thread delivers by itself.
  subject: async (total) => {
    while (ledger().llmSpans.delivered < total) await pause(100);
  },
  alternative: async () => {
    await batch.forceFlush();
    await pause(100);
  },
  bare: async () => {
    await pause(100);
  },
};

/** Microseconds of main-thread CPU of a block. */
async function measure(side: keyof typeof tracers, total: number): Promise<number> {
  const before = process.threadCpuUsage();
  endSpans(side);
  await settled[side](total);
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

const costs = { subject: [] as number[], alternative: [] as number[], bare: [] as number[] };
let total = 0;
for (let value = -2; value < values; value++) {
  const sums = { subject: 0, alternative: 0, bare: 0 };
  for (let block = 0; block < blocks; block++) {
    total += perBlock;
    for (const side of ['subject', 'alternative', 'bare'] as const) sums[side] += await measure(side, total);
  }
  if (value < 0) continue; // Until everything is compiled.
  for (const side of ['subject', 'alternative', 'bare'] as const)
    costs[side].push(sums[side] / (blocks * perBlock));
}
const { created, delivered } = ledger().llmSpans;
if (created !== total || delivered !== total || exported !== total) {
  throw new Error(
    `of ${total} spans each: custody ${delivered} of ${created}, BatchSpanProcessor ${exported}`,
  );
}
process.send!(costs satisfies OtlpCosts, () => process.kill(process.pid, 'SIGKILL'));
