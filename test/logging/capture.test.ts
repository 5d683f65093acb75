import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { channel } from 'node:diagnostics_channel';
import { captureConsole } from '../../src/logging/capture-console.ts';
import { captureStdout } from '../../src/logging/capture-stdout.ts';
import type { CapturedStream } from '../../src/logging/capture-stdout.ts';
import { awsLogger } from '../../src/logging/third-party/aws.ts';
import { captureDebug } from '../../src/logging/third-party/debug.ts';
import { observeHttp } from '../../src/logging/third-party/http.ts';
import { kafkaLogCreator } from '../../src/logging/third-party/kafka.ts';
import { onnxSessionOptions, tesseractOptions } from '../../src/logging/third-party/ocr.ts';
import { observeSearchClient } from '../../src/logging/third-party/opensearch.ts';
import type { SearchClient } from '../../src/logging/third-party/opensearch.ts';
import { lines, SPAN } from './support.ts';

function stream(): CapturedStream & { readonly own: string[] } {
  const own: string[] = [];
  return { own, write: ((text: string) => own.push(text) > 0) as CapturedStream['write'] };
}

test('stdout: whole lines become records, whatever the pieces they come in', async () => {
  const kept = lines();
  kept.active = SPAN;
  const target = stream();
  const original = target.write;
  const restore = captureStdout(kept.logging, target);
  target.write('plain ');
  target.write('text\n\u001b[31mWARN: red\u001b[39m\n');
  const euro = Buffer.from('€\n');
  target.write(euro.subarray(0, 1));
  target.write(euro.subarray(1));
  target.write('{"not":"a log record"}\n{"level":30,"msg":"pino","a":1}\n\n[1]\n{broken\n');
  target.write('6869', 'hex' as BufferEncoding);
  await new Promise<void>((resolve) => target.write('\n', () => resolve()));
  target.write('half');
  restore();
  assert.equal(target.write, original);
  assert.deepEqual(target.own, []);
  const told = kept.records().map(({ level, logger, msg, not, a }) => ({ level, logger, msg, not, a }));
  const base = { logger: 'stdout', not: undefined, a: undefined };
  assert.deepEqual(told, [
    { ...base, level: 'info', msg: 'plain text' },
    { ...base, level: 'warn', msg: 'WARN: red' },
    { ...base, level: 'info', msg: '€' },
    { ...base, level: undefined, logger: undefined, msg: undefined, not: 'a log record' },
    { ...base, level: 'info', msg: 'pino', a: 1 },
    { ...base, level: 'info', msg: '[1]' },
    { ...base, level: 'info', msg: '{broken' },
    { ...base, level: 'info', msg: 'hi' },
    { ...base, level: 'info', msg: 'half' },
  ]);
  for (const record of kept.records()) assert.equal(record['trace_id'], SPAN.traceId);
});

test('stdout: somebody who took it after us keeps it', () => {
  const kept = lines();
  const target = stream();
  const restore = captureStdout(kept.logging, target);
  const theirs = (() => true) as CapturedStream['write'];
  target.write = theirs;
  restore();
  assert.equal(target.write, theirs);
});

test('stdout: a line without an end is written in parts at the bound', () => {
  const kept = lines();
  const target = stream();
  captureStdout(kept.logging, target);
  target.write('x'.repeat(64 * 1024 - 1));
  assert.equal(kept.raw.length, 0);
  target.write('x');
  assert.equal(kept.raw.length, 1);
});

test('console: one record a call, at its level; JSON of a library goes to its own logger; then all is as before', () => {
  const kept = lines({ logLevel: 'debug' });
  const target = { log() {}, info() {}, debug() {}, warn() {}, error() {}, trace() {} };
  const before = { ...target };
  const restore = captureConsole(kept.logging, target as unknown as Console);
  const asConsole = target as unknown as Console;
  asConsole.log('two\nlines %d', 5, { a: 1 });
  asConsole.debug('d');
  asConsole.warn('w');
  asConsole.error(new Error('boom'));
  asConsole.trace('t');
  // What kafkajs prints when it has no log creator: info is below the level of kafka.
  asConsole.log(JSON.stringify({ level: 'INFO', logger: 'kafkajs', message: 'quiet' }));
  asConsole.log(JSON.stringify({ level: 'ERROR', logger: 'kafkajs', message: 'loud', broker: 'b:1' }));
  restore();
  assert.deepEqual(target, before);
  const told = kept.records().map(({ level, logger, msg }) => [level, logger, String(msg).split('\n')[0]]);
  assert.deepEqual(told, [
    ['info', 'console', 'two'],
    ['debug', 'console', 'd'],
    ['warn', 'console', 'w'],
    ['error', 'console', 'Error: boom'],
    ['debug', 'console', 't'],
    ['error', 'kafka', 'loud'],
  ]);
  assert.equal(kept.records()[0]?.['msg'], 'two\nlines 5 { a: 1 }');
  assert.equal(kept.records()[5]?.['broker'], 'b:1');
});

test('AWS: commands below the level are silent, failures are told without input and output', () => {
  const kept = lines();
  const logger = awsLogger(kept.logging);
  const call = {
    clientName: 'Bedrock',
    commandName: 'Converse',
    input: { Body: 'secret words' },
    output: { Text: 'secret words' },
    context: 'secret words',
  };
  logger.info(call);
  logger.error({ ...call, error: new Error('throttled'), metadata: { attempts: 3 } });
  logger.warn('plain');
  assert.equal(kept.raw.length, 2);
  const record = kept.records()[0] ?? {};
  assert.deepEqual([record['level'], record['logger'], record['msg']], ['error', 'aws', 'Bedrock Converse']);
  assert.deepEqual(record['metadata'], { attempts: 3 });
  assert.equal((record['error'] as Record<string, unknown>)['message'], 'throttled');
  assert.doesNotMatch(kept.raw.join(''), /secret words/);
});

test('kafkajs: levels as numbers, its own time and name left out', () => {
  const kept = lines();
  const log = kafkaLogCreator(kept.logging)();
  const entry = {
    namespace: 'Connection',
    label: 'X',
    log: { message: 'm', timestamp: 't', logger: 'kafkajs', broker: 'b' },
  };
  for (const level of [5, 4, 2, 1]) log({ ...entry, level });
  assert.deepEqual(
    kept
      .records()
      .map(({ level, logger, msg, broker, namespace, timestamp }) => [
        level,
        logger,
        msg,
        broker,
        namespace,
        timestamp,
      ]),
    [
      ['warn', 'kafka', 'm', 'b', 'Connection', undefined],
      ['error', 'kafka', 'm', 'b', 'Connection', undefined],
    ],
  );
});

test('OpenSearch: failures at warn, and nothing after the listener is gone', () => {
  const kept = lines();
  const client = new EventEmitter();
  const stop = observeSearchClient(kept.logging, client as SearchClient);
  const result = {
    statusCode: 503,
    meta: { attempts: 3, request: { params: { method: 'GET', path: '/i/_search', body: 'words' } } },
  };
  client.emit('response', null, result);
  client.emit('response', new Error('down'), result);
  client.emit('response', new Error('no connection'), undefined);
  stop();
  assert.equal(client.listenerCount('response'), 0);
  assert.equal(kept.raw.length, 2);
  const { level, logger, path, statusCode } = kept.records()[0] ?? {};
  assert.deepEqual([level, logger, path, statusCode], ['warn', 'opensearch', '/i/_search', 503]);
  const messages = kept.records().map(({ err }) => (err as Record<string, unknown>)['message']);
  assert.deepEqual(messages, ['down', 'no connection']);
  assert.doesNotMatch(kept.raw.join(''), /words/);
});

test('HTTP: a failing origin is told once a minute with what was left out, without its query', () => {
  const kept = lines();
  let nowMs = 0;
  const stop = observeHttp(kept.logging, () => nowMs);
  const fail = (origin: string) =>
    channel('undici:request:error').publish({
      request: { origin, method: 'GET', path: '/a?key=1' },
      error: new Error('e'),
    });
  fail('http://a');
  fail('http://a');
  fail('http://b');
  channel('http.client.request.error').publish({
    request: { protocol: 'http:', host: 'c', method: 'GET', path: '/x' },
    error: new Error('e'),
  });
  nowMs = 59_999;
  fail('http://a');
  nowMs = 60_000;
  fail('http://a');
  stop();
  fail('http://d');
  assert.deepEqual(
    kept.records().map(({ origin, leftOut, path, level }) => [origin, leftOut, path, level]),
    [
      ['http://a', 0, '/a', 'warn'],
      ['http://b', 0, '/a', 'warn'],
      ['http://c', 0, '/x', 'warn'],
      ['http://a', 2, '/a', 'warn'],
    ],
  );
});

test('HTTP: origins are remembered up to a bound', () => {
  const kept = lines();
  const stop = observeHttp(kept.logging, () => 0);
  const fail = (n: number) =>
    channel('undici:request:error').publish({ request: { origin: `http://h${n}` }, error: new Error('e') });
  for (let n = 0; n < 100; n += 1) fail(n);
  fail(0);
  assert.equal(kept.raw.length, 100, 'the hundredth is remembered with the first');
  fail(100);
  fail(0);
  assert.equal(kept.raw.length, 102, 'the next one takes the place of the first');
  stop();
});

test('debug: the real package, without its colours and times, and its own output afterwards', () => {
  const kept = lines({ logLevels: 'debug=debug' });
  const debug = createRequire(import.meta.url)('debug') as {
    (namespace: string): ((...args: unknown[]) => void) & { enabled: boolean };
    enable(namespaces: string): void;
    disable(): string;
    log: () => void;
    formatArgs: () => void;
  };
  const before = { log: debug.log, formatArgs: debug.formatArgs };
  const restore = captureDebug(kept.logging, debug);
  debug.enable('opensearch');
  debug('opensearch')('took %d ms', 5);
  debug('other')('no');
  debug.disable();
  restore();
  assert.deepEqual({ log: debug.log, formatArgs: debug.formatArgs }, before);
  assert.deepEqual(
    kept.records().map(({ msg, namespace, level }) => [msg, namespace, level]),
    [['took 5 ms', 'opensearch', 'debug']],
  );
});

test('OCR: progress is not told, failures are; native code gets the severity of the level', () => {
  const kept = lines();
  const { logger, errorHandler } = tesseractOptions(kept.logging);
  logger({ status: 'recognizing', progress: 0.5 });
  errorHandler(new Error('no image'));
  assert.deepEqual(
    kept.records().map(({ level, logger: name }) => [level, name]),
    [['error', 'ocr']],
  );
  assert.equal(onnxSessionOptions(kept.logging).logSeverityLevel, 3);
  assert.equal(onnxSessionOptions(lines({ logLevels: 'ocr=debug' }).logging).logSeverityLevel, 0);
  assert.equal(onnxSessionOptions(lines({ logLevel: 'silent' }).logging).logSeverityLevel, 4);
});
