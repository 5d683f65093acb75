import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { CustodySpanProcessor } from '../../src/otel.ts';
import type { CustodyPart } from '../../src/pipeline/otlp/part.ts';
import { joinOtlp, MAX_CUSTODIES } from '../../src/pipeline/otlp/join.ts';
import { shared } from '../../src/pipeline/global.ts';
import { warningCounts } from '../../src/selfmetrics/warnings.ts';
import { startOtlpReceiver, type OtlpReceiver } from './receiver.ts';
import { until } from './support.ts';

const folder = mkdtempSync(join(privateFolder(), 'otlp-processor-'));
const receivers: OtlpReceiver[] = [];
let journal = '';
let round = 0;

beforeEach(() => {
  round += 1;
  journal = join(folder, String(round));
  process.env['KEEPSPAN_JOURNAL_DIR'] = journal;
  delete process.env['KEEPSPAN_STACK'];
});
afterEach(async () => {
  const state = shared();
  await state.session?.stop();
  state.session = undefined;
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function receiver(): Promise<OtlpReceiver> {
  const started = await startOtlpReceiver();
  receivers.push(started);
  return started;
}

function endSpans(processor: CustodySpanProcessor, count: number): void {
  const tracer = new NodeTracerProvider({ spanProcessors: [processor] }).getTracer('test');
  for (let i = 0; i < count; i++) tracer.startSpan(`span ${i}`).end();
}

const ledger = () => shared().session!.ledger().spans;

test('several receivers acknowledge for themselves', async () => {
  const [datadog, phoenix] = [await receiver(), await receiver()];
  datadog.manner = 503;
  const processor = new CustodySpanProcessor({
    endpoints: [
      { endpoint: datadog.url, headers: { 'dd-otlp-source': 'llmobs', 'dd-api-key': 'k' }, name: 'datadog' },
      { endpoint: phoenix.url, compression: 'gzip', name: 'phoenix' },
    ],
  });
  endSpans(processor, 50);
  await until(() => phoenix.names.length === 50, 'one receiver has everything');
  await until(() => ledger().delivered === 50, 'it is acknowledged');
  assert.deepEqual([ledger().created, ledger().pending, datadog.names.length], [100, 50, 0]);
  datadog.manner = 'up';
  await processor.forceFlush();
  await until(() => datadog.names.length === 50 && ledger().pending === 0, 'the other one has everything');
  assert.equal(phoenix.names.length, 50);
  assert.equal(datadog.requests[0]!.headers['dd-otlp-source'], 'llmobs');
  assert.equal(phoenix.requests[0]!.headers['dd-otlp-source'], undefined);
  assert.equal(phoenix.requests[0]!.headers['content-encoding'], 'gzip');
  assert.deepEqual(readdirSync(join(journal, 'otlp')).sort(), ['datadog', 'phoenix']);
});

test('keys are in no file of the journal', async () => {
  const { url } = await receiver();
  const processor = new CustodySpanProcessor({
    endpoint: url,
    headers: { 'dd-api-key': 'very-secret-key' },
    name: 'one',
  });
  endSpans(processor, 1);
  for (const entry of readdirSync(journal, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    assert.ok(!readFileSync(join(entry.parentPath, entry.name)).includes('very-secret-key'), entry.name);
  }
});

test('what a receiver rejects of a request is counted as rejected', async () => {
  const { url } = await receiver();
  receivers[0]!.rejects = 3;
  const processor = new CustodySpanProcessor({ endpoint: url });
  endSpans(processor, 10);
  await processor.forceFlush();
  await until(() => ledger().pending === 0, 'answered');
  const { created, delivered, lost, unaccounted } = ledger();
  // One request or more: each answer rejects three.
  assert.equal(lost['rejected']! % 3, 0);
  assert.deepEqual([created, delivered + lost['rejected']!, unaccounted], [10, 10, 0]);
});

test("spans that are not sampled are nobody's; one that cannot be written is counted", async () => {
  const { url } = await receiver();
  const processor = new CustodySpanProcessor({ endpoint: url });
  const context = (traceFlags: number) => () => ({
    traceId: '0'.repeat(31) + '1',
    spanId: '0'.repeat(15) + '1',
    traceFlags,
  });
  const span = {
    name: 'x',
    kind: 0,
    startTime: [1, 0],
    endTime: [2, 0],
    status: { code: 0 },
    attributes: {},
    events: [],
    links: [],
  } as const;
  processor.onEnd({ ...span, spanContext: context(0) });
  assert.equal(ledger().created, 0);
  processor.onEnd({
    ...span,
    spanContext: context(1),
    get attributes(): never {
      throw new Error('a getter that throws');
    },
  });
  processor.onEnd({ ...span, attributes: { text: 'x'.repeat(64 * 1024 * 1024) }, spanContext: context(1) });
  const { created, lost, dropped, unaccounted } = ledger();
  assert.deepEqual(
    { created, lost, dropped, unaccounted },
    { created: 2, lost: { unserializable: 1 }, dropped: { too_large: 1 }, unaccounted: 0 },
  );
});

test('the same receivers are one custody, up to a bound of different ones', async () => {
  const { url } = await receiver();
  const first = joinOtlp([{ endpoint: url }]);
  assert.equal(joinOtlp([{ endpoint: url }]), first);
  for (let i = 1; i < MAX_CUSTODIES; i++)
    assert.ok(joinOtlp([{ endpoint: url, name: `n${i}` }]) !== undefined, `${i}`);
  const refused = warningCounts()['KS-OTLP-006'] ?? 0;
  assert.equal(joinOtlp([{ endpoint: url, name: 'one more' }]), undefined);
  assert.equal(warningCounts()['KS-OTLP-006'], refused + 1);
});

test('a wrong address or KEEPSPAN_STACK=off: nothing is thrown, nothing is started', async () => {
  const processor = new CustodySpanProcessor({ endpoint: 'collector:4318' });
  endSpans(processor, 1);
  await processor.forceFlush();
  await processor.shutdown();
  process.env['KEEPSPAN_STACK'] = 'off';
  endSpans(new CustodySpanProcessor(), 1);
  assert.equal(shared().session, undefined);
  assert.equal(warningCounts()['KS-OTLP-001'], 1);
  assert.equal(existsSync(journal), false);
});

test('what it installs goes with the session', async () => {
  const counts = () =>
    ['exit', 'beforeExit', 'SIGTERM', 'SIGINT'].map((event) => process.listenerCount(event));
  const before = counts();
  const { url } = await receiver();
  endSpans(new CustodySpanProcessor({ endpoint: url }), 1);
  assert.notDeepEqual(counts(), before);
  await shared().session!.stop();
  assert.deepEqual(counts(), before);
  assert.equal(shared().otlp!.size, 0);
});

test('a session that is asked for by name takes the place of what a processor switched on, with its custody', async () => {
  const { url } = await receiver();
  const processor = new CustodySpanProcessor({ endpoint: url });
  const provisional = shared().session!;
  const taken: CustodyPart[] = [];
  const listeners = process.listenerCount('SIGTERM');
  provisional.yieldTo!({ ...provisional, join: (part) => void taken.push(part) });
  assert.equal(process.listenerCount('SIGTERM'), listeners - 1);
  endSpans(processor, 3);
  assert.equal(taken[0]!.ledger().spans.created, 3);
});

test('spans that end after shutdown are still taken', async () => {
  const { url } = await receiver();
  const processor = new CustodySpanProcessor({ endpoint: url });
  await processor.shutdown();
  endSpans(processor, 2);
  await processor.forceFlush();
  assert.deepEqual([ledger().created, ledger().delivered], [2, 2]);
});
