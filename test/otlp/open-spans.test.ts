import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import {
  ABANDONED,
  createOpenSpans,
  MAX_OPEN_SPANS,
  type OpenSpans,
  type StartedSpan,
} from '../../src/pipeline/otlp/open-spans.ts';
import type { ReadableSpan } from '../../src/wire/otlp/readable-span.ts';
import { startOtlpReceiver } from './receiver.ts';
import { runFixture, until, withJournal } from './support.ts';

const LLM = { attributes: { 'gen_ai.operation.name': 'chat' } };

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
/** A fixed sample in `npm test`: two processes. */
const MORE = [
  ['natural', 0],
  ['SIGTERM', 0],
] as const;

describe('spans that nobody ends', () => {
  let open: OpenSpans;
  /** Whose object was gone. */
  let gone: ReadableSpan[];
  /** As the provider's other processors see them. */
  let ended: ReadableSpan[];
  let provider: NodeTracerProvider;
  beforeEach(() => {
    gone = [];
    ended = [];
    open = createOpenSpans((span) => gone.push(span));
    const processor = {
      onStart: (span: unknown) => open.started(span as StartedSpan),
      onEnd(span: unknown) {
        open.ended(span as ReadableSpan);
        ended.push(span as ReadableSpan);
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    provider = new NodeTracerProvider({ spanProcessors: [processor] });
  });
  afterEach(() => open.stop());
  const start = (name: string, options: object = LLM, scope = 'app') =>
    provider.getTracer(scope, '1').startSpan(name, options);

  it('one that is collected is taken with what it had, once', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const parent = start('held');
    (() => {
      const span = start('forgotten');
      span.setAttribute('gen_ai.response.id', 'r-1');
      span.addEvent('first token');
    })();
    await until(() => {
      collect();
      return gone.length > 0;
    }, 'it is collected');
    assert.equal(gone.length, 1);
    const [span] = gone;
    assert.equal(span?.name, 'forgotten');
    assert.deepEqual(span.attributes, { ...LLM.attributes, 'gen_ai.response.id': 'r-1', [ABANDONED]: true });
    assert.deepEqual(
      span.events.map(({ name }) => name),
      ['first token'],
    );
    assert.equal(span.instrumentationScope?.name, 'app');
    assert.match(span.spanContext().traceId, /^[0-9a-f]{32}$/);
    assert.ok(span.endTime[0] >= span.startTime[0]);
    assert.ok(parent.isRecording());
    open.endAll();
    assert.equal(gone.length, 1);
  });

  it('what is open when the process ends is ended through its provider; an end that still comes is nothing', () => {
    const span = start('open');
    process.emit('beforeExit', 0);
    assert.deepEqual(
      ended.map(({ name, attributes }) => [name, attributes[ABANDONED]]),
      [['open', true]],
    );
    span.end();
    assert.equal(ended.length, 1);
    assert.deepEqual(gone, []);
  });

  it('what has ended is left alone, and what is no LLM work is not followed', () => {
    start('done').end();
    const other = start('GET /', {}, 'http');
    const late = start('chat', {}, '@traceloop/instrumentation-langchain');
    open.endAll();
    assert.deepEqual(
      ended.map(({ name, attributes }) => [name, attributes[ABANDONED]]),
      [
        ['done', undefined],
        ['chat', true],
      ],
    );
    assert.ok(other.isRecording());
    assert.ok(!late.isRecording());
  });

  it(`of ${MAX_OPEN_SPANS} open ones the next ends the first`, () => {
    const held = Array.from({ length: MAX_OPEN_SPANS }, (_, index) => start(String(index)));
    assert.deepEqual(ended, []);
    held.push(start('one more'));
    assert.deepEqual(
      ended.map(({ name }) => name),
      ['0'],
    );
  });

  it('stopped, it listens no more and ends nothing', () => {
    const before = process.listenerCount('beforeExit');
    start('open');
    open.stop();
    assert.equal(process.listenerCount('beforeExit'), before - 1);
    open.endAll();
    assert.deepEqual(ended, []);
  });
});

it('at every exit of a process, and delivered by it or the next one', { timeout: 120_000 }, () =>
  withJournal(async (journal) => {
    const receiver = await startOtlpReceiver();
    try {
      const ends = [...(FULL ? MORE : []), ['exit', 3], ['natural', 0]] as const;
      for (const [index, [how, code]] of ends.entries()) {
        const name = `${index} ${how}`;
        const ended = await runFixture('open.mjs', [name, how, receiver.url], journal);
        assert.equal(ended.code, code, ended.stderr);
      }
      const wanted = ends.map(([how], index) => `${index} ${how}`);
      assert.deepEqual(receiver.names.toSorted(), wanted);
      for (const { body } of receiver.requests) assert.ok(body.includes(ABANDONED));
    } finally {
      await receiver.close();
    }
  }),
);
