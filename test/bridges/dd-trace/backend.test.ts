import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import type { Annotation } from '../../../src/contracts/spans.ts';
import { createDatadogBackend, type LlmObs } from '../../../src/bridges/dd-trace/backend.ts';
import type { TagMap } from '../../../src/bridges/dd-trace/content.ts';

function fake() {
  const annotations: unknown[] = [];
  const ends: unknown[] = [];
  const options: unknown[] = [];
  const span = {};
  const llmobs: LlmObs = {
    trace: (given, body) => {
      options.push(given);
      return body(span, (error) => ends.push(error));
    },
    annotate: (...args: unknown[]) => {
      annotations.push(args.at(-1));
    },
    exportSpan: () => {
      throw new Error('No span provided');
    },
  };
  return { llmobs, annotations, ends, options, span };
}

const base = { captureContent: true, tagMap: undefined, activate: undefined, keep: false } as const;

describe('the backend over dd-trace', () => {
  it('begins a span of its kind and name, and ends it', () => {
    const { llmobs, options, ends } = fake();
    const error = new Error('x');
    const result = createDatadogBackend(llmobs, base).start('tool', 'name', { sessionId: 's' }, (span) => {
      span.end(error);
      return 5;
    });
    assert.equal(result, 5);
    assert.deepEqual(options, [{ sessionId: 's', kind: 'tool', name: 'name' }]);
    assert.deepEqual(ends, [error]);
  });

  it('what the application said goes before what the wrapper sees', () => {
    const { llmobs, annotations, span } = fake();
    const tagMap: TagMap = new WeakMap([[span, { '_ml_obs.meta.output.value': 'said' }]]);
    createDatadogBackend(llmobs, { ...base, tagMap }).start('task', 'n', {}, (running) => {
      running.annotate({ inputData: 'in', outputData: 'out' });
    });
    assert.deepEqual(annotations, [{ inputData: 'in' }]);
  });

  it("never gives the tracer the caller's own metadata object, which it would write into", () => {
    const { llmobs, annotations } = fake();
    const metadata = Object.freeze({ a: 1 });
    createDatadogBackend(llmobs, base).annotate({ metadata, tags: { t: 1 } });
    assert.deepEqual(annotations, [{ metadata: { a: 1 }, tags: { t: 1 } }]);
    assert.notEqual((annotations[0] as Annotation).metadata, metadata);
  });

  it('tells the tracer no content when none may be captured', () => {
    const { llmobs, annotations } = fake();
    createDatadogBackend(llmobs, { ...base, captureContent: false }).annotate({
      inputData: 'secret',
      outputData: 'secret',
      metrics: { n: 1 },
    });
    assert.deepEqual(annotations, [{ metrics: { n: 1 } }]);
  });

  it('an exported span is a value, or there is none', () => {
    const { llmobs } = fake();
    assert.equal(createDatadogBackend(llmobs, base).exportSpan(), undefined);
    const exported = { traceId: 'a', spanId: '1' };
    assert.equal(
      createDatadogBackend({ ...llmobs, exportSpan: () => exported }, base).exportSpan(),
      exported,
    );
  });

  it('steps run in a snapshot where the tracer cannot activate a span', () => {
    const { llmobs } = fake();
    const own = new AsyncLocalStorage<string>();
    const run = own.run('at the start', () =>
      createDatadogBackend(llmobs, base).start('task', 'n', {}, (span) => span.run.bind(span)),
    );
    assert.equal(
      own.run('later', () => run(() => own.getStore())),
      'at the start',
    );
    const activated: object[] = [];
    const activate = <T>(span: object, fn: () => T) => {
      activated.push(span);
      return fn();
    };
    const second = own.run('at the start', () =>
      createDatadogBackend(llmobs, { ...base, activate }).start('task', 'n', {}, (span) =>
        span.run.bind(span),
      ),
    );
    assert.equal(
      own.run('later', () => second(() => own.getStore())),
      'later',
    );
    assert.equal(activated.length, 1);
  });
});
