import { Readable } from 'node:stream';
import { OpenAI } from 'openai';
import type { Stream } from 'openai/core/streaming';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { describe, expect, test } from 'tstyche';
import {
  exportSpan,
  flushObservability,
  initObservability,
  manage,
  submitEvaluation,
  workflow,
  type FlushReport,
} from 'keepspan';

class Repository {
  readonly #rows: readonly string[] = [];
  find = workflow('find', function (this: Repository, index: number) {
    return this.#rows[index];
  });
}

describe('a wrapped function has the type it had', () => {
  test('sync, async, optional and rest parameters', () => {
    const sync = (a: string, b?: number) => `${a}${b}`;
    const async = async (...values: readonly number[]) => values.length;
    expect(workflow('w', sync)).type.toBe<(a: string, b?: number) => string>();
    expect(workflow({ name: 'w', sessionId: 's' }, async)).type.toBe<
      (...values: readonly number[]) => Promise<number>
    >();
    expect(workflow('w', sync)).type.not.toBeCallableWith(1);
    expect(workflow('w', sync)).type.toBeCallableWith('a');
  });

  test('generics', () => {
    const first = workflow('first', <T>(values: readonly T[]): T | undefined => values[0]);
    expect(first).type.toBe<<T>(values: readonly T[]) => T | undefined>();
    expect(first(['a'])).type.toBe<string | undefined>();
    expect(first([1])).type.toBe<number | undefined>();
  });

  test('overloads', () => {
    function size(value: string): number;
    function size(value: readonly unknown[]): bigint;
    function size(value: string | readonly unknown[]): number | bigint {
      return typeof value === 'string' ? value.length : BigInt(value.length);
    }
    const wrapped = workflow('size', size);
    expect(wrapped('a')).type.toBe<number>();
    expect(wrapped([1])).type.toBe<bigint>();
    expect(wrapped).type.not.toBeCallableWith(1);
  });

  test('generators, async generators, streams', () => {
    function* steps(n: number): Generator<number, string, boolean> {
      const answer = yield n;
      return answer ? 'yes' : 'no';
    }
    async function* asyncSteps(): AsyncGenerator<string> {
      yield 'a';
    }
    expect(workflow('w', steps)).type.toBe<(n: number) => Generator<number, string, boolean>>();
    expect(workflow('w', asyncSteps)()).type.toBe<AsyncGenerator<string>>();
    expect(workflow('w', () => Readable.from(['a']))()).type.toBe<Readable>();
    expect(workflow('w', () => new ReadableStream<Uint8Array>())()).type.toBe<ReadableStream<Uint8Array>>();
  });

  test('the promises of the openai client', () => {
    const client = new OpenAI();
    const ask = workflow('ask', (content: string) =>
      client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content }], stream: true }),
    );
    expect(ask('x').withResponse).type.toBeCallableWith();
    expect(workflow('w', async () => ask('x'))()).type.toBeAssignableTo<
      Promise<Stream<ChatCompletionChunk>>
    >();
  });

  test('this, and properties of the function', () => {
    expect(new Repository().find(1)).type.toBe<string | undefined>();
    const handler = Object.assign((id: string) => id, { schema: { type: 'object' } });
    expect(workflow('w', handler).schema).type.toBe<{ type: string }>();
    const bound = workflow('w', function (this: { base: number }, a: number) {
      return this.base + a;
    });
    expect(bound.call).type.toBeCallableWith({ base: 1 }, 2);
  });
});

describe('what is refused when it is compiled', () => {
  test('classes, values, wrong options', () => {
    class Service {}
    expect(workflow).type.not.toBeCallableWith('w', Service);
    expect(workflow).type.not.toBeCallableWith('w', 5);
    expect(workflow).type.not.toBeCallableWith('w');
    expect(workflow).type.not.toBeCallableWith({ title: 'w' }, () => 1);
    expect(workflow).type.not.toBeCallableWith(() => 1);
  });

  test('evaluations', () => {
    expect(submitEvaluation).type.toBeCallableWith({
      label: 'l',
      metricType: 'score',
      value: 1,
      span: exportSpan(),
    });
    expect(submitEvaluation).type.not.toBeCallableWith({ label: 'l', metricType: 'text', value: 'x' });
    expect(submitEvaluation).type.not.toBeCallableWith({ metricType: 'score', value: 1 });
    expect(submitEvaluation).type.not.toBeCallableWith({
      label: 'l',
      metricType: 'score',
      value: 1,
      assessment: 'maybe',
    });
    expect(submitEvaluation({ label: 'l', metricType: 'score', value: 1 })).type.toBe<boolean>();
  });

  test('settings', () => {
    expect(initObservability).type.toBeCallableWith();
    expect(initObservability).type.toBeCallableWith({ stack: 'datadog', shutdownTimeoutMs: 5000 });
    expect(initObservability).type.not.toBeCallableWith({ stack: 'everything' });
    expect(initObservability).type.not.toBeCallableWith({ unknown: 1 });
  });
});

test('what is returned', () => {
  expect(flushObservability()).type.toBe<Promise<FlushReport>>();
  class Pool {
    end() {}
  }
  expect(manage(new Pool())).type.toBe<Pool>();
});
