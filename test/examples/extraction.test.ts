import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isGrounded, parseAnswer } from '../../examples/extraction/service/answer.ts';
import { readConfig } from '../../examples/extraction/service/config.ts';
import { manifestChunks, textChunks } from '../../examples/extraction/service/documents.ts';
import { FIELDS } from '../../examples/extraction/service/fields.ts';
import { WorkQueue } from '../../examples/extraction/service/queue.ts';
import { ResultStore } from '../../examples/extraction/service/results.ts';
import { LexicalIndex, tokenize } from '../../examples/extraction/service/search.ts';

const DOCUMENT = {
  id: 'left-pad',
  readme: `# left-pad\n\n${'Pads a string. '.repeat(100)}\n\nThe end.`,
  license: 'MIT License\n\nCopyright (c) 2016 Somebody',
  manifest: {
    name: 'left-pad',
    license: 'MIT',
    author: 'Somebody',
    bugs: 'https://github.com/o/left-pad/issues',
  },
};

describe('documents', () => {
  it('cuts texts into chunks of at most 700 characters and loses no word', () => {
    const chunks = textChunks(DOCUMENT);
    assert.ok(chunks.every((chunk) => chunk.text.length <= 700));
    const words = (text: string): number => tokenize(text).filter((token) => token === 'pads').length;
    assert.equal(
      chunks.reduce((sum, chunk) => sum + words(chunk.text), 0),
      100,
    );
    assert.ok(chunks.some((chunk) => chunk.source === 'license' && chunk.text.includes('2016 Somebody')));
  });

  it('never shows the manifest with the asked field in it', () => {
    for (const field of FIELDS) {
      const text = manifestChunks(DOCUMENT, field.withhold)
        .map((chunk) => chunk.text)
        .join('\n');
      for (const key of field.withhold) assert.doesNotMatch(text, new RegExp(`^"${key}":`, 'm'));
      assert.match(text, /"name": "left-pad"/);
    }
    assert.match(manifestChunks(DOCUMENT, [])[0]?.text ?? '', /"license": "MIT"/);
  });
});

describe('search', () => {
  const texts = [
    'the cat sat on the mat',
    'the dog',
    'a dog and a dog and a cat in a very long story about the sea',
  ];
  const index = new LexicalIndex(texts, (text) => text);

  it('ranks by rarity, frequency and length', () => {
    assert.deepEqual(
      index.search('dog', 5).map((hit) => hit.item),
      [texts[1], texts[2]],
    );
    assert.deepEqual(
      index.search('dog story', 5).map((hit) => hit.item),
      [texts[2], texts[1]],
    );
    assert.equal(index.search('the mat', 1)[0]?.item, texts[0]);
  });

  it('computes BM25 as published', () => {
    // By hand: N 3, n 2, tf 1, length 2, average (6 + 2 + 16) / 3.
    const idf = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5));
    const expected = (idf * 2.2) / (1 + 1.2 * (0.25 + (0.75 * 2) / 8));
    assert.ok(Math.abs((index.search('dog', 1)[0]?.score ?? 0) - expected) < 1e-12);
  });

  it('returns nothing without a common term', () => {
    assert.deepEqual(index.search('zebra', 5), []);
    assert.deepEqual(new LexicalIndex<string>([], String).search('dog', 5), []);
  });
});

describe('answers', () => {
  it('reads the format that was asked for, a fenced one and a bare text', () => {
    assert.deepEqual(parseAnswer('{"value":" MIT ","confidence":0.9}'), {
      value: 'MIT',
      confidence: 0.9,
      format: 'json',
    });
    assert.deepEqual(parseAnswer('Sure:\n```json\n{"value":null,"confidence":1}\n```'), {
      value: null,
      confidence: 1,
      format: 'fenced',
    });
    assert.deepEqual(parseAnswer('MIT\nbecause'), { value: 'MIT', confidence: 0, format: 'text' });
    assert.deepEqual(parseAnswer('  '), { value: null, confidence: 0, format: 'empty' });
  });

  it('does not believe a confidence that is none', () => {
    for (const confidence of ['"high"', '7', '-1', 'null']) {
      assert.equal(parseAnswer(`{"value":"x","confidence":${confidence}}`).confidence, 0);
    }
  });

  it('calls a value grounded only when each of its words stands in a passage', () => {
    assert.equal(isGrounded('Jane Doe', ['(c) 2020', 'jane  DOE']), true);
    assert.equal(isGrounded('Jane Roe', ['(c) 2020 jane doe']), false);
    assert.equal(isGrounded('©', ['(c) 2020 jane doe']), false);
  });
});

describe('work queue', () => {
  it('works on no more than it may at once, refuses when full, and goes on after an error', async () => {
    const gates = new Map<number, PromiseWithResolvers<void>>();
    const failed: number[] = [];
    const queue = new WorkQueue<number>({
      concurrency: 2,
      maxQueued: 2,
      work(item) {
        const gate = Promise.withResolvers<void>();
        gates.set(item, gate);
        return gate.promise;
      },
      onError: (_error, item) => void failed.push(item),
    });
    assert.deepEqual([queue.offer(1), queue.offer(2)], ['accepted', 'accepted']);
    await turns();
    assert.deepEqual([queue.offer(3), queue.offer(4), queue.offer(5)], ['accepted', 'accepted', 'full']);
    assert.deepEqual(queue.size, { waiting: 2, running: 2 });
    gates.get(1)?.reject(new Error('broken'));
    await turns();
    assert.deepEqual(failed, [1]);
    assert.deepEqual([...gates.keys()], [1, 2, 3]);

    const stopped = queue.stop();
    let hasStopped = false;
    void stopped.then(() => (hasStopped = true));
    assert.equal(queue.offer(6), 'stopped');
    await turns();
    assert.equal(hasStopped, false, 'what runs is waited for');
    gates.get(2)?.resolve();
    gates.get(3)?.resolve();
    await stopped;
    assert.deepEqual([...gates.keys()], [1, 2, 3], 'what waited was not started');
    assert.deepEqual(queue.size, { waiting: 1, running: 0 });
  });

  it('stops when idle', async () => {
    const queue = new WorkQueue<number>({
      concurrency: 3,
      maxQueued: 1,
      work: async () => {},
      onError: () => {},
    });
    await turns();
    await queue.stop();
  });
});

describe('results', () => {
  it('wakes those who wait when the result is there', async () => {
    const results = new ResultStore(10);
    results.set('a', { status: 'queued' });
    const waiting = results.settled('a', 60_000);
    results.set('a', { status: 'failed', error: 'no' });
    assert.deepEqual(await waiting, { status: 'failed', error: 'no' });
  });

  it('lets them go when the time is over, and when it closes', async () => {
    const results = new ResultStore(10);
    results.set('a', { status: 'queued' });
    assert.deepEqual(await results.settled('a', 1), { status: 'queued' });
    const waiting = results.settled('a', 60_000);
    results.close();
    assert.deepEqual(await waiting, { status: 'queued' });
    assert.deepEqual(await results.settled('a', 60_000), { status: 'queued' });
  });

  it('keeps as many as it may, the latest', () => {
    const results = new ResultStore(2);
    for (const id of ['a', 'b']) results.set(id, { status: 'queued' });
    assert.deepEqual(results.get('a'), { status: 'queued' });
    results.set('c', { status: 'queued' });
    assert.equal(results.get('a'), undefined);
    assert.deepEqual([results.get('b'), results.get('c')], [{ status: 'queued' }, { status: 'queued' }]);
  });
});

describe('settings of the service', () => {
  it('has defaults and refuses numbers out of range by name', () => {
    assert.equal(readConfig({}).concurrency, 4);
    assert.equal(readConfig({ EXTRACTION_CONCURRENCY: '64' }).concurrency, 64);
    assert.throws(() => readConfig({ EXTRACTION_CONCURRENCY: '65' }), /EXTRACTION_CONCURRENCY/);
    assert.throws(() => readConfig({ EXTRACTION_PORT: 'http' }), /EXTRACTION_PORT/);
  });
});

/** Lets everything that is ready run: a turn of the event loop empties the microtasks. */
async function turns(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
