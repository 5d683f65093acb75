import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { startUpstream } from '../../bench/comparison/upstream.ts';
import {
  startCollector,
  type Collector,
  type CollectorOptions,
} from '../../scripts/counterparts/collector.ts';
import { until } from '../../scripts/counterparts/started.ts';
import { startWorkbench } from '../../src/workbench/workbench.ts';

const COUNT = 500;
const LIMIT_MS = 30_000;
const never = new Promise<never>(() => undefined);

async function collectorFor(t: TestContext, options: CollectorOptions): Promise<Collector> {
  const collector = await startCollector(options);
  t.after(() => collector.stop());
  return collector;
}

/** Sends spans to the Collector and resolves when it has answered for all of them. */
async function send(collector: Collector, make: (tracer: Tracer) => void): Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${collector.url}/v1/traces` });
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  make(provider.getTracer('counterpart'));
  await provider.shutdown();
}

async function reaches(says: string, expected: number, read: () => number): Promise<void> {
  await until(
    async () => {
      if (read() !== expected) throw new Error(`${says}: ${read()} of ${expected}`);
    },
    LIMIT_MS,
    never,
  );
}

describe('an OpenTelemetry Collector', () => {
  for (const compression of ['none', 'gzip'] as const) {
    it(`sends the workbench what it was given, compression ${compression}`, async (t) => {
      const workbench = await startWorkbench();
      t.after(() => workbench.close());
      const collector = await collectorFor(t, { upstream: workbench.otlpUrl, compression });
      await send(collector, (tracer) => {
        for (let n = 0; n < COUNT; n += 1) {
          const span = tracer.startSpan('chat model');
          span.setAttributes({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'model', n });
          span.end();
        }
      });
      await reaches('spans in the workbench', COUNT, () => workbench.ledger().spans.received);
      const { rejected, duplicates } = workbench.ledger().spans;
      assert.deepEqual({ rejected, duplicates }, { rejected: 0, duplicates: 0 });
    });
  }

  it('with file_storage holds what it answered for, through an outage of upstream and its own SIGKILL', async (t) => {
    const upstream = await startUpstream();
    t.after(() => upstream.down());
    upstream.behave('unavailable');
    const collector = await collectorFor(t, { upstream: upstream.url });
    await send(collector, (tracer) => {
      for (let n = 0; n < COUNT; n += 1) tracer.startSpan(`kq${String(n).padStart(6, '0')}qk`).end();
    });
    await collector.kill();
    upstream.behave('ok');
    assert.equal(upstream.counts().received, 0);
    await collector.restart();
    await reaches('spans', COUNT, () => upstream.counts().received);
  });
});
