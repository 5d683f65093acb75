import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SpanBackend } from '../../src/contracts/spans.ts';
import { createWrap } from '../../src/spans/wrap.ts';
import { recording, thenable } from './recording.ts';

describe('a wrapped function', () => {
  it('keeps this, arguments, result, name, length and properties', () => {
    const { wrap, spans } = recording();
    const symbol = Symbol('mark');
    const fn = Object.assign(
      function add(this: { base: number }, a: number, b: number) {
        return this.base + a + b;
      },
      { schema: { type: 'object' }, [symbol]: 1 },
    );
    const wrapped = wrap('task')('task.add', fn);
    assert.equal(wrapped.call({ base: 1 }, 2, 3), 6);
    assert.equal(wrapped.name, 'add');
    assert.equal(wrapped.length, 2);
    assert.equal(wrapped.schema, fn.schema);
    assert.equal(wrapped[symbol], 1);
    assert.deepEqual(
      spans.map(({ kind, name, ends, error }) => ({ kind, name, ends, error })),
      [{ kind: 'task', name: 'task.add', ends: 1, error: undefined }],
    );
  });

  it('passes every kind of value on as the same value', () => {
    const { task } = recording();
    const values: unknown[] = [
      undefined,
      null,
      0,
      -0,
      NaN,
      '',
      'x',
      1n,
      Symbol.iterator,
      {},
      [],
      new Map(),
      new Date(0),
      () => 1,
      Object.freeze({ a: 1 }),
    ];
    for (const value of values) assert.ok(Object.is(task('t', () => value)(), value));
  });

  it('throws the same error, once, and records it on the span', () => {
    const { task, find } = recording();
    const errors: unknown[] = [
      new RangeError('boom'),
      'text',
      undefined,
      null,
      Object.freeze(new Error('frozen')),
    ];
    for (const [i, error] of errors.entries()) {
      const wrapped = task(`t${i}`, () => {
        throw error;
      });
      let caught: { error: unknown } | undefined;
      try {
        wrapped();
      } catch (thrown) {
        caught = { error: thrown };
      }
      assert.ok(caught !== undefined && Object.is(caught.error, error));
      assert.equal(find(`t${i}`).error, error);
      assert.equal(find(`t${i}`).ends, 1);
    }
  });

  it('annotates what goes in and comes out, except where dd-trace does not', () => {
    const { wrap, find } = recording();
    wrap('workflow')('one', (a: number) => a + 1)(1);
    wrap('workflow')('two', (a: number, b: number) => a + b)(1, 2);
    wrap('llm')('llm', (a: number) => a)(1);
    wrap('embedding')('embedding', (a: number) => a)(1);
    wrap('retrieval')('retrieval', (a: number) => a)(1);
    assert.deepEqual(find('one').annotations, [{ inputData: 1 }, { outputData: 2 }]);
    assert.deepEqual(find('two').annotations, [{ inputData: [1, 2] }, { outputData: 3 }]);
    assert.deepEqual(find('llm').annotations, []);
    assert.deepEqual(find('embedding').annotations, []);
    assert.deepEqual(find('retrieval').annotations, [{ inputData: 1 }]);
  });

  it('keeps content back when it may not be captured', () => {
    const { wrap, backend, find } = recording();
    Object.assign(backend, { captureContent: false });
    wrap('workflow')('quiet', (a: string) => a)('secret');
    assert.deepEqual(find('quiet').annotations, []);
  });

  it('is named by name, then function, then kind', () => {
    const { wrap, spans } = recording();
    const named = function extract() {};
    wrap('tool')({ name: 'given', sessionId: 's', modelName: 'm' }, named)();
    wrap('tool')('', named)();
    wrap('tool')(
      {},
      (
        () => () =>
          undefined
      )(),
    )();
    assert.deepEqual(
      spans.map((span) => span.name),
      ['given', 'extract', 'tool'],
    );
    assert.deepEqual(spans[0]!.options, { name: 'given', sessionId: 's', modelName: 'm' });
  });

  it('binds late: the tracer may come and go', () => {
    const { slot, backend, task, spans } = recording();
    slot.current = undefined;
    const wrapped = task('late', () => 1);
    assert.equal(wrapped(), 1);
    slot.current = backend;
    assert.equal(wrapped(), 1);
    slot.current = undefined;
    assert.equal(wrapped(), 1);
    assert.equal(spans.length, 1);
  });

  it('makes with new what the function makes, without a span', () => {
    const { task, spans } = recording();
    function Point(this: { x: number }, x: number) {
      this.x = x;
    }
    const Wrapped = task('point', Point) as unknown as new (x: number) => { x: number };
    const made = new Wrapped(3);
    assert.equal(made.x, 3);
    assert.ok(made instanceof Point && made instanceof Wrapped);
    assert.equal(spans.length, 0);
  });

  it('a class comes back as it is, with a warning', () => {
    const { task, warnings } = recording();
    class Service {}
    assert.equal(task('service', Service as unknown as () => void), Service);
    assert.deepEqual(
      warnings.map((w) => w.code),
      ['KS-SPAN-001'],
    );
  });
});

describe('L6: nothing reaches the caller', () => {
  const steps = ['start', 'after', 'annotate', 'end', 'run', 'capture', 'twice', 'never', 'ok'] as const;

  for (const failing of steps) {
    it(`a tracer that fails in ${failing}: the function runs exactly once, with its result or its error`, async () => {
      const warnings: string[] = [];
      const boom = (step: string) => {
        if (step === failing) throw new Error(`tracer: ${step}`);
      };
      const backend: SpanBackend = {
        get captureContent() {
          boom('capture');
          return true;
        },
        start(_kind, _name, _options, body) {
          boom('start');
          if (failing === 'never') return undefined as never;
          const span = {
            end: () => boom('end'),
            annotate: () => boom('annotate'),
            run<T>(fn: () => T): T {
              boom('run');
              return fn();
            },
          };
          if (failing === 'twice') body(span);
          const result = body(span);
          boom('after');
          return result;
        },
        annotate: () => undefined,
        exportSpan: () => undefined,
      };
      const wrap = createWrap({ current: backend }, (code) => warnings.push(code));
      let calls = 0;
      const error = new Error('of the application');
      const value = wrap('task')('value', (x: number) => (calls++, x * 2));
      const fails = wrap('task')('fails', () => {
        calls++;
        throw error;
      });
      const later = wrap('task')('later', async (x: number) => (calls++, x));
      const rejects = wrap('task')('rejects', async () => {
        calls++;
        throw error;
      });
      const steps = wrap('task')('steps', function* () {
        calls++;
        yield 1;
        yield 2;
      });
      assert.equal(value(2), 4);
      assert.throws(fails, (thrown) => thrown === error);
      assert.equal(await later(1), 1);
      await assert.rejects(rejects(), (thrown) => thrown === error);
      assert.deepEqual([...steps()], [1, 2]);
      assert.equal(calls, 5);
      if (!['twice', 'never', 'ok'].includes(failing)) assert.ok(warnings.length > 0);
    });
  }

  it('arguments and results that throw when they are looked at', () => {
    const { task, warnings } = recording();
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('get');
        },
        has() {
          throw new Error('has');
        },
        getPrototypeOf() {
          throw new Error('prototype');
        },
        ownKeys() {
          throw new Error('keys');
        },
      },
    );
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    let calls = 0;
    for (const value of [
      hostile,
      circular,
      1n,
      { big: 1n },
      {
        get x() {
          throw new Error('getter');
        },
      },
      Object.freeze([circular]),
    ]) {
      const identity = task('identity', (x: unknown) => (calls++, x));
      assert.ok(Object.is(identity(value), value));
    }
    assert.equal(calls, 6);
    assert.ok(warnings.every((warning) => warning.site === 'task:identity'));
    assert.ok(warnings.length > 0);
  });

  it('frozen results whose end cannot be followed end the span now', async () => {
    const { task, open } = recording();
    const iterator = Object.freeze(
      (function* () {
        yield 1;
      })(),
    );
    assert.deepEqual([...task('iterator', () => iterator)()], [1]);
    const frozen = Object.freeze(thenable<number, object>((onValue) => onValue(7), {}));
    assert.equal(await task('thenable', () => frozen)(), 7);
    assert.deepEqual(open(), []);
  });

  it('bad names, options and functions', () => {
    const { wrap, warnings } = recording();
    const loose = wrap('task') as (name: unknown, fn: unknown) => unknown;
    const fn = () => 1;
    for (const bad of [
      undefined,
      null,
      5,
      Symbol('s'),
      [],
      () => 'x',
      { name: 5 },
      { sessionId: {} },
      Object.freeze({ name: 'ok' }),
    ]) {
      assert.equal((loose(bad, fn) as () => number)(), 1);
    }
    const throwing = {
      get name() {
        throw new Error('getter');
      },
    };
    assert.equal((loose(throwing, fn) as () => number)(), 1);
    for (const bad of [undefined, null, 5, 'text', {}]) assert.equal(loose('name', bad), bad);
    assert.ok(warnings.every(({ code }) => code === 'KS-SPAN-001' || code === 'KS-SPAN-005'));
    assert.equal(warnings.filter(({ code }) => code === 'KS-SPAN-001').length, 5);
    // 5, a symbol, a function, `name: 5`, `sessionId: {}` and the getter.
    assert.equal(warnings.filter(({ code }) => code === 'KS-SPAN-005').length, 6);
  });
});
