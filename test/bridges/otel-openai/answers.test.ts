import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTwice } from '../../../src/bridges/otel-openai/answers.ts';
import type { ApiPromise } from '../../../src/bridges/otel-openai/shapes.ts';

const body = () => ({ response: new Response('{"id":"a"}') });

/** A promise as the client makes it; `read` gets what `parseResponse` gets, in the order of its version. */
function promise(read: (...args: readonly unknown[]) => unknown): ApiPromise {
  return Object.assign(Promise.resolve(), {
    parseResponse: read,
    asResponse: () => Promise.resolve('raw'),
  }) as ApiPromise;
}

const call = (made: unknown, options: object = {}) => readTwice(() => made)(options);

describe('an answer that is read twice', () => {
  const parse = (answer: unknown) => (answer as { response: Response }).response.json();
  for (const [version, read, args] of [
    ['openai 4', (answer: unknown) => parse(answer), (answer: object) => [answer]],
    [
      'openai 5',
      (_client: unknown, answer: unknown) => parse(answer),
      (answer: object) => ['client', answer],
    ],
  ] as const) {
    it(`is parsed once (${version})`, async () => {
      const made = call(promise(read)) as ApiPromise;
      const answer = body();
      const [one, two] = [made.parseResponse(...args(answer)), made.parseResponse(...args(answer))];
      assert.equal(await one, await two);
      assert.deepEqual(await one, { id: 'a' });
      assert.deepEqual(await made.parseResponse(...args(body())), { id: 'a' });
    });
  }

  it('is left whole for who asks for the raw response, but for a stream', async () => {
    const made = call(promise((_client, answer) => parse(answer))) as ApiPromise;
    assert.equal(await made.asResponse(), 'raw');
    const answer = body();
    await made.parseResponse('client', answer);
    assert.deepEqual(await answer.response.json(), { id: 'a' });

    const seen: unknown[] = [];
    const stream = call(
      promise((_client, given) => seen.push(given)),
      { stream: true },
    ) as ApiPromise;
    await stream.asResponse();
    const streamed = body();
    stream.parseResponse('client', streamed);
    assert.equal(seen[0], streamed);
  });

  it('what is not as known is as it was', () => {
    const plain = Promise.resolve(1);
    assert.equal(call(plain), plain);
    const made = call(promise((...args) => args.length)) as ApiPromise;
    assert.equal(made.parseResponse(1, 2, 3), 3);
  });
});
