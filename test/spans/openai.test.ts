import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpenAI } from 'openai';
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import { startOpenAi } from './openai-server.ts';
import { collect, recording, until } from './recording.ts';

const messages = [{ role: 'user', content: 'what?' }] as const;
const body = { model: 'gpt-test', messages: [...messages] };
const streamed = { ...body, stream: true } as const;

type Create = () => ReturnType<OpenAI['chat']['completions']['create']>;

/** How the real client is used; each gives something to compare. */
const ways: Record<
  string,
  (client: OpenAI, wrapped: <F extends () => unknown>(fn: F) => F) => Promise<unknown>
> = {
  'create, awaited': async (client, wrapped) =>
    plain(await wrapped(() => client.chat.completions.create(body))()),
  'create in an async function': async (client, wrapped) =>
    plain(await wrapped(async () => client.chat.completions.create(body))()),
  'create().withResponse()': async (client, wrapped) => {
    const { data, response, request_id } = await wrapped(() =>
      client.chat.completions.create(body),
    )().withResponse();
    return [plain(data), response.status, request_id];
  },
  'create().asResponse()': async (client, wrapped) => {
    const response = await wrapped(() => client.chat.completions.create(body))().asResponse();
    return plain((await response.json()) as object);
  },
  'create().then()': (client, wrapped) =>
    wrapped(() => client.chat.completions.create(body))().then((data) => plain(data)),
  'create().finally()': (client, wrapped) =>
    wrapped(() => client.chat.completions.create(body))()
      .finally(() => undefined)
      .then((data) => plain(data)),
  'create().catch() of what fails': (client, wrapped) =>
    wrapped(() =>
      client.chat.completions.create({ ...body, messages: [{ role: 'user', content: 'fail' }] }),
    )().catch((error: unknown) => `${(error as Error).constructor.name}: ${(error as Error).message}`),
  'parse()': async (client, wrapped) => plain(await wrapped(() => client.chat.completions.parse(body))()),
  'a stream': async (client, wrapped) =>
    text(await collect(await wrapped(() => client.chat.completions.create(streamed))())),
  'a stream of an async function': async (client, wrapped) =>
    text(await collect(await wrapped(async () => client.chat.completions.create(streamed))())),
  'a stream, split': async (client, wrapped) => {
    const [left, right] = (await wrapped(() => client.chat.completions.create(streamed))()).tee();
    return Promise.all([collect(left).then(text), collect(right).then(text)]);
  },
  'a stream, broken off': async (client, wrapped) => {
    const stream = await wrapped(() => client.chat.completions.create(streamed))();
    for await (const chunk of stream) return [text([chunk]), stream.controller.signal.aborted];
    return undefined;
  },
  'a stream, as a web stream': async (client, wrapped) => {
    const stream = await wrapped(() => client.chat.completions.create(streamed))();
    const lines: string[] = [];
    for await (const part of stream.toReadableStream())
      lines.push(new TextDecoder().decode(part as Uint8Array));
    return text(
      lines
        .join('')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as ChatCompletionChunk),
    );
  },
  'stream(), iterated': async (client, wrapped) =>
    text(await collect(wrapped(() => client.chat.completions.stream(body))())),
  'stream().finalChatCompletion()': async (client, wrapped) =>
    plain(await wrapped(() => client.chat.completions.stream(body))().finalChatCompletion()),
  'stream().on(content)': async (client, wrapped) => {
    const parts: string[] = [];
    const stream = wrapped(() => client.chat.completions.stream(body))();
    stream.on('content', (delta) => parts.push(delta));
    await stream.done();
    return parts;
  },
};

function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

function text(chunks: readonly ChatCompletionChunk[]): string {
  return chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
}

describe('the openai client inside a wrapper', () => {
  for (const [name, way] of Object.entries(ways)) {
    it(`${name}: the same as without, and the span ends`, async (t) => {
      const client = new OpenAI({ baseURL: await startOpenAi(t), apiKey: 'k', maxRetries: 0 });
      const expected = await way(client, (fn) => fn);
      const { task, open, spans } = recording();
      assert.deepEqual(await way(client, (fn) => task('call', fn)), expected);
      await until(() => open().length === 0);
      assert.equal(spans.length, 1);
    });
  }

  it('its promise and its stream stay what they are', async (t) => {
    const client = new OpenAI({ baseURL: await startOpenAi(t), apiKey: 'k' });
    const { task, find } = recording();
    const create: Create = () => client.chat.completions.create(body);
    const bare = create();
    const wrapped = task('call', create)();
    assert.equal(wrapped.constructor, bare.constructor);
    const completion = (await wrapped) as ChatCompletion;
    assert.deepEqual(find('call').annotations, [{ outputData: completion }]);
    await bare;
  });
});
