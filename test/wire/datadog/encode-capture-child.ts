// An application with dd-trace. Writes on stdout the JSON text of every event its LLM writers were given, in order.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

interface LlmEvent {
  _dd?: { scope?: string };
  name?: string;
}

interface Writer {
  _eventType: string;
  append(event: LlmEvent, ...rest: unknown[]): boolean;
}

interface Span {
  setTag(name: string, value: unknown): void;
}

interface Tracer {
  init(options: object): Tracer;
  trace(name: string, options: object, fn: (span: Span) => unknown): unknown;
  _tracer: { _exporter: { flush(done: () => void): void } };
  llmobs: {
    trace(options: object, fn: (span: Span) => unknown): unknown;
    annotate(span: Span, what: object): void;
    exportSpan(span: Span): object;
    submitEvaluation(span: object, what: object): void;
    flush(): void;
  };
}

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('dd-trace/package.json'));
const Base = require(join(root, 'packages/dd-trace/src/llmobs/writers/base.js')) as { prototype: Writer };

const append = Base.prototype.append;
Base.prototype.append = function (this: Writer, event, ...rest) {
  if (event.name === 'experiment') event._dd = { ...event._dd, scope: 'experiments' };
  writeSync(1, `${JSON.stringify({ type: this._eventType, text: JSON.stringify(event) })}\n`);
  return append.call(this, event, ...rest);
};

const tracer = (require('dd-trace') as Tracer).init({ service: 'capture', startupLogs: false });
const { llmobs } = tracer;

const flushTraces = (): Promise<void> => new Promise((resolve) => tracer._tracer._exporter.flush(resolve));

for (let round = 0; round < 3; round += 1) {
  for (let trace = 0; trace <= round; trace += 1) {
    tracer.trace('outer', { resource: `GET /${round}/${trace}` }, (span) => {
      span.setTag('long', 'ü'.repeat(40_000 * round));
      span.setTag('number', -1.5 * trace);
      tracer.trace('inner', {}, () => undefined);
    });
  }
  await flushTraces();
}

for (const name of ['plain', 'experiment', 'grün 🌱 \u2028 "quoted"']) {
  llmobs.trace({ kind: 'llm', name, modelName: 'm', modelProvider: 'p' }, (span) => {
    llmobs.annotate(span, {
      inputData: `in: ${name}`,
      outputData: 'out\n\u0000\ud83d',
      tags: { ключ: 'значение' },
    });
    llmobs.submitEvaluation(llmobs.exportSpan(span), {
      label: 'quality',
      metricType: 'categorical',
      value: `gut: ${name}`,
    });
  });
}
llmobs.flush();
await flushTraces();
