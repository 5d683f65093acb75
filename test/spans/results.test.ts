import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MAX_FOLLOWERS } from '../../src/spans/followers.ts';
import { collect, recording, thenable, until } from './recording.ts';

describe('promises', () => {
  it('the span lasts until the promise settles', async () => {
    const { task, open, find } = recording();
    const { promise, resolve } = Promise.withResolvers<string>();
    const result = task('p', () => promise)();
    assert.deepEqual(open(), ['p']);
    resolve('value');
    assert.equal(await result, 'value');
    assert.deepEqual(find('p').annotations, [{ outputData: 'value' }]);
    assert.equal(find('p').ends, 1);
  });

  it('rejects with the same error; what nobody handles stays unhandled', async () => {
    const { task, find } = recording();
    const error = new Error('boom');
    await assert.rejects(task('p', () => Promise.reject(error))(), (thrown) => thrown === error);
    assert.equal(find('p').error, error);

    const seen: unknown[] = [];
    const listener = (reason: unknown) => seen.push(reason);
    const before = process.rawListeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listener);
    try {
      void task('unhandled', () => Promise.reject(error))();
      await until(() => seen.length > 0);
    } finally {
      process.off('unhandledRejection', listener);
      for (const one of before) process.on('unhandledRejection', one as () => void);
    }
    assert.deepEqual(seen, [error]);
  });

  it('properties that stand on a promise stay', async () => {
    const { task } = recording();
    const abort = () => 'aborted';
    const result = task('p', () => Object.assign(Promise.resolve(1), { abort, pid: 5 }))();
    assert.equal(result.abort, abort);
    assert.equal(result.pid, 5);
    assert.equal(await result, 1);
  });

  it('children under Promise.all hang under their own parent', async () => {
    const { task, spans } = recording();
    const child = task('child', async (of: string) => of);
    const parents = ['a', 'b', 'c'].map((name) =>
      task(name, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return Promise.all([child(name), child(name)]);
      }),
    );
    await Promise.all(parents.map((parent) => parent()));
    const children = spans.filter((span) => span.name === 'child');
    assert.equal(children.length, 6);
    for (const { parent, annotations } of children) assert.equal(parent, annotations[0]!.inputData);
  });
});

describe('thenables', () => {
  it('lazy: started once, by the caller, and the same object', async () => {
    const { task, open } = recording();
    let started = 0;
    const query = thenable<number[], { where(): unknown }>(
      (onValue) => {
        started++;
        return Promise.resolve([1, 2]).then(onValue);
      },
      {
        where() {
          return this;
        },
      },
    );
    const result = task('query', () => query)();
    assert.equal(result, query);
    assert.equal(result.where(), query);
    assert.equal(started, 0);
    assert.deepEqual(open(), ['query']);
    assert.deepEqual(await result, [1, 2]);
    assert.equal(started, 1);
    assert.deepEqual(open(), []);
  });

  it('a promise class keeps its ways to the result, each of which ends the span', async () => {
    class Answer extends Promise<string> {
      static override get [Symbol.species]() {
        return Promise;
      }
      reads: string[] = [];
      // oxlint-disable-next-line unicorn/no-thenable -- a promise class with a way of its own to its result is the subject
      override then<A = string, B = never>(
        onValue?: ((value: string) => A | PromiseLike<A>) | null,
        onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
      ) {
        this.reads.push('then');
        return Promise.resolve('parsed').then(onValue, onError);
      }
      raw() {
        this.reads.push('raw');
        return Promise.resolve('raw');
      }
      chain() {
        return this;
      }
      get size() {
        return 1;
      }
    }
    const make = () => new Answer((resolve) => resolve('x'));
    for (const [read, expected] of [
      [(a: Answer) => a, 'parsed'],
      [(a: Answer) => a.raw(), 'raw'],
      [(a: Answer) => a.chain().raw(), 'raw'],
      [(a: Answer) => a.catch(() => 'caught'), 'parsed'],
      [(a: Answer) => a.finally(() => undefined), 'parsed'],
    ] as const) {
      const { task, open, find } = recording();
      const answer = task('answer', make)();
      assert.ok(answer instanceof Answer);
      assert.deepEqual(open(), ['answer']);
      assert.equal(await read(answer), expected);
      assert.deepEqual(open(), []);
      assert.equal(find('answer').ends, 1);
    }
  });

  it('what rejects, and promises of another realm', async () => {
    const { task, find } = recording();
    const error = new Error('no');
    const rejecting = task('rejecting', () =>
      thenable<never, object>((_onValue, onError) => onError(error), {}),
    );
    await assert.rejects(
      async () => rejecting(),
      (thrown) => thrown === error,
    );
    assert.equal(find('rejecting').error, error);
    const foreign = runInNewContext('Promise.resolve(5)') as Promise<number>;
    assert.equal(await task('foreign', () => foreign)(), 5);
    assert.equal(find('foreign').ends, 1);
  });
});

describe('iterators', () => {
  it('generators: values, return value, two ways, and children of every step', () => {
    const { task, find, spans, activeName } = recording();
    const child = task('child', () => undefined);
    function* work(n: number): Generator<number, string, number> {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        child();
        sum += yield i;
      }
      return `sum ${sum} in ${activeName()}`;
    }
    const wrapped = task('work', work)(2);
    assert.ok(wrapped[Symbol.iterator]() === wrapped);
    assert.deepEqual(wrapped.next(0), { value: 0, done: false });
    assert.equal(find('work').ends, 0);
    assert.equal(activeName(), undefined);
    assert.deepEqual(wrapped.next(10), { value: 1, done: false });
    assert.deepEqual(wrapped.next(20), { value: 'sum 30 in work', done: true });
    assert.equal(find('work').ends, 1);
    assert.deepEqual(
      spans.filter((s) => s.name === 'child').map((s) => s.parent),
      ['work', 'work'],
    );
  });

  it('early break, throw inside, throw into, nested yield*', () => {
    const { task, find } = recording();
    const log: string[] = [];
    const inner = task('inner', function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        log.push('cleaned');
      }
    });
    const outer = task('outer', function* () {
      yield* inner();
      throw new RangeError('over');
    });
    for (const _ of outer()) break;
    assert.deepEqual(log, ['cleaned']);
    assert.equal(find('inner').ends, 1);
    assert.equal(find('outer').ends, 1);
    assert.equal(find('outer').error, undefined);

    const second = recording();
    const error = new RangeError('over');
    const failing = second.task('failing', function* () {
      yield 1;
      throw error;
    });
    assert.throws(
      () => [...failing()],
      (thrown) => thrown === error,
    );
    assert.equal(second.find('failing').error, error);

    const third = recording();
    const into = third.task('into', function* () {
      try {
        yield 1;
      } catch (caught) {
        yield caught;
      }
    })();
    into.next();
    assert.equal(into.throw(error).value, error);
    assert.equal(third.find('into').ends, 0);
    assert.equal(into.return().done, true);
    assert.equal(third.find('into').ends, 1);
  });

  it('async generators: break, throw, concurrent next, yield*', async () => {
    const { task, find, spans } = recording();
    const child = task('child', async () => undefined);
    const work = task('work', async function* (n: number) {
      for (let i = 0; i < n; i++) {
        await child();
        yield i;
      }
      return 'end';
    });
    const all = work(3);
    const steps = await Promise.all([all.next(), all.next(), all.next(), all.next()]);
    assert.deepEqual(
      steps.map((step) => step.value),
      [0, 1, 2, 'end'],
    );
    assert.equal(find('work').ends, 1);
    assert.deepEqual(
      spans.filter((s) => s.name === 'child').map((s) => s.parent),
      ['work', 'work', 'work'],
    );

    const broken = recording();
    for await (const _ of broken.task('broken', work)(5)) break;
    assert.equal(broken.find('broken').ends, 1);

    const error = new Error('mid');
    const failing = recording();
    const fails = failing.task('fails', async function* () {
      yield* (async function* () {
        yield 1;
        throw error;
      })();
    });
    await assert.rejects(collect(fails()), (thrown) => thrown === error);
    assert.equal(failing.find('fails').error, error);
  });

  it('the result of an async function that is an iterator is followed, too', async () => {
    const { task, open } = recording();
    const wrapped = task('later', async () =>
      (async function* () {
        yield 1;
      })(),
    );
    const iterator = await wrapped();
    assert.deepEqual(open(), ['later']);
    assert.deepEqual(await collect(iterator), [1]);
    assert.deepEqual(open(), []);
  });

  it("a step sees the caller's own async context where the tracer activates no more than its span", () => {
    const { task, find, slot, backend } = recording();
    const own = new AsyncLocalStorage<string>();
    slot.current = {
      ...backend,
      start: (kind, name, options, body) =>
        backend.start(kind, name, options, (span) => body({ ...span, run: (fn) => fn() })),
    };
    const steps = task('steps', function* () {
      yield own.getStore();
    });
    const iterator = own.run('outside', () => steps());
    assert.equal(own.run('inside', () => iterator.next()).value, 'inside');
    iterator.return();
    assert.equal(find('steps').ends, 1);
  });

  it('nested wrappers around one iterator end together, the inner one active; it is hooked once', () => {
    const { task, spans, open, activeName } = recording();
    const inner = task('inner', function* () {
      yield activeName();
    });
    const iterator = task('outer', () => inner())();
    assert.deepEqual(open(), ['outer', 'inner']);
    assert.deepEqual([...iterator], ['inner']);
    assert.deepEqual(
      spans.map((s) => s.ends),
      [1, 1],
    );
  });

  it(`an object that is returned again and again holds at most ${MAX_FOLLOWERS} open spans`, () => {
    const { task, spans, open } = recording();
    const shared = (function* () {
      yield 1;
    })();
    const get = task('get', () => shared);
    for (let i = 0; i < MAX_FOLLOWERS; i++) get();
    assert.equal(open().length, MAX_FOLLOWERS);
    get();
    assert.equal(open().length, MAX_FOLLOWERS);
    assert.equal(spans.at(-1)!.ends, 1);
    const next = shared.next;
    get();
    assert.equal(shared.next, next);
    assert.deepEqual([...shared], [1]);
    assert.equal(open().length, 0);
    get();
    assert.equal(open().length, 0);
  });

  it('an iterator that nobody reads ends its span when it is forgotten', async () => {
    const { task, find } = recording();
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    task('forgotten', function* () {
      yield 1;
    })();
    for (let i = 0; i < 50 && find('forgotten').ends === 0; i++) {
      gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(find('forgotten').ends, 1);
  });
});

describe('async iterables with methods of their own', () => {
  class Stream {
    readonly controller = new AbortController();
    readonly source: () => AsyncGenerator<number>;
    constructor(source: () => AsyncGenerator<number>) {
      this.source = source;
    }
    [Symbol.asyncIterator]() {
      return this.source();
    }
    tee() {
      return [new Stream(this.source), new Stream(this.source)] as const;
    }
  }
  const make = () =>
    new Stream(async function* () {
      yield 1;
      yield 2;
    });

  it('iterated', async () => {
    const { task, open } = recording();
    const stream = task('stream', async () => make())();
    const value = await stream;
    assert.ok(value.controller instanceof AbortController);
    assert.deepEqual(open(), ['stream']);
    assert.deepEqual(await collect(value), [1, 2]);
    assert.deepEqual(open(), []);
    assert.deepEqual(await collect(value), [1, 2]);
  });

  it('split', async () => {
    const { task, open } = recording();
    const [left, right] = task('stream', make)().tee();
    assert.deepEqual(open(), ['stream']);
    assert.deepEqual(await collect(left), [1, 2]);
    assert.deepEqual(open(), []);
    assert.deepEqual(await collect(right), [1, 2]);
  });
});

describe('Node streams', () => {
  it('the same stream; its span lasts until it closes', async () => {
    const { task, open } = recording();
    const stream = task('stream', () => Readable.from(['a', 'b']))();
    assert.ok(stream instanceof Readable);
    assert.deepEqual(open(), ['stream']);
    assert.deepEqual(await collect(stream), ['a', 'b']);
    await until(() => open().length === 0);
  });

  it('a duplex ends when its readable side does', async () => {
    const { task, open } = recording();
    const stream = task('stream', () => new PassThrough())();
    stream.resume();
    assert.ok(stream instanceof Duplex);
    stream.end('x');
    await until(() => open().length === 0);
  });

  it('an error is on the span, and unhandled where nobody listens', async () => {
    const { task, find, open } = recording();
    const stream = task('stream', () => new PassThrough())();
    assert.equal(stream.listenerCount('error'), 0);
    const error = new Error('broken');
    stream.once('error', () => undefined);
    stream.destroy(error);
    await until(() => open().length === 0);
    assert.equal(find('stream').error, error);
  });

  it('returned again and again, it gets no more listeners', () => {
    const { task } = recording();
    const shared = new PassThrough();
    const get = task('get', () => shared);
    get();
    const count = shared.listenerCount('close');
    for (let i = 0; i < 100; i++) get();
    assert.equal(shared.listenerCount('close'), count);
    shared.destroy();
  });
});

describe('web streams', () => {
  const make = () =>
    new ReadableStream<number>({
      start(controller) {
        controller.enqueue(1);
        controller.enqueue(2);
        controller.close();
      },
    });
  const ways: Record<string, (stream: ReadableStream<number>) => Promise<unknown>> = {
    'for await': (stream) => collect(stream),
    values: (stream) => collect(stream.values()),
    reader: async (stream) => {
      const reader = stream.getReader();
      const read = [];
      for (let step = await reader.read(); !step.done; step = await reader.read()) read.push(step.value);
      return read;
    },
    'two readers': async (stream) => {
      const first = stream.getReader();
      const read = [(await first.read()).value];
      first.releaseLock();
      const second = stream.getReader();
      read.push((await second.read()).value);
      await second.read();
      return read;
    },
    tee: async (stream) => {
      const [left, right] = stream.tee();
      const both = await Promise.all([collect(left), collect(right)]);
      return both[0];
    },
    pipeTo: async (stream) => {
      const read: number[] = [];
      await stream.pipeTo(new WritableStream({ write: (chunk) => void read.push(chunk as number) }));
      return read;
    },
    pipeThrough: (stream) => collect(stream.pipeThrough(new TransformStream<number, number>())),
    fromWeb: (stream) => collect(Readable.fromWeb(stream as never, { objectMode: true })),
  };

  for (const [way, read] of Object.entries(ways)) {
    it(`read by ${way}: the same values, and the span lasts until the end`, async () => {
      const { task, open, find } = recording();
      const stream = task('stream', make)();
      assert.ok(stream instanceof ReadableStream);
      assert.deepEqual(open(), ['stream']);
      assert.deepEqual(await read(stream), [1, 2]);
      await until(() => open().length === 0);
      assert.equal(find('stream').error, undefined);
    });
  }

  it('cancelled, and broken off', async () => {
    const { task, open } = recording();
    await task('cancelled', make)().cancel();
    for await (const _ of task('broken off', make)()) break;
    await until(() => open().length === 0);
  });

  it('an error reaches the reader and the span; a lock that is given back does not', async () => {
    const { task, open, find } = recording();
    const error = new Error('source');
    const failing = () =>
      new ReadableStream({
        pull() {
          throw error;
        },
      });
    await assert.rejects(collect(task('failing', failing)()), (thrown) => thrown === error);
    await assert.rejects(task('piped', failing)().pipeTo(new WritableStream()), (thrown) => thrown === error);
    const reader = task('released', make)().getReader();
    reader.releaseLock();
    await until(() => open().length === 1);
    assert.equal(find('failing').error, error);
    assert.equal(find('piped').error, error);
    assert.deepEqual(open(), ['released']);
  });
});
