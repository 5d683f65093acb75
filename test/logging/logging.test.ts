import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { lines, SPAN } from './support.ts';

test('a line is one JSON object with what every line has', () => {
  const { logging, records, raw } = lines();
  logging.logger('app').info({ field_name: 'licence' }, 'extracted');
  assert.equal(raw.length, 1);
  assert.match(raw[0] ?? '', /^\{.*\}\n$/);
  const { time, ...record } = records()[0] ?? {};
  assert.deepEqual(record, {
    level: 'info',
    service: 'orders',
    env: 'prod',
    version: '1.2.3',
    hostname: hostname(),
    logger: 'app',
    field_name: 'licence',
    msg: 'extracted',
  });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('in a span a line has its ids, once; outside it has none', () => {
  const kept = lines();
  const log = kept.logging.logger('app');
  log.info('before');
  kept.active = SPAN;
  log.info('inside');
  log.child({ a: 1 }).warn({ b: 2 }, 'child');
  kept.active = { traceId: undefined, spanId: undefined, dd: { service: 's' } };
  log.info('after');
  const [before, inside, child, after] = kept.records();
  assert.equal(before?.['dd'], undefined);
  for (const record of [inside, child]) {
    assert.deepEqual(record?.['dd'], SPAN.dd);
    assert.equal(record?.['trace_id'], SPAN.traceId);
    assert.equal(record?.['span_id'], SPAN.spanId);
  }
  assert.deepEqual([after?.['dd'], after?.['trace_id']], [{ service: 's' }, undefined]);
  for (const line of kept.raw)
    for (const key of ['"dd":', '"trace_id":"']) assert.ok(line.split(`,${key}`).length <= 2, line);
});

test('ids that the application gives itself stay, and are not there a second time', () => {
  const kept = lines();
  kept.active = SPAN;
  const log = kept.logging.logger('app');
  log.info({ dd: { trace_id: 'mine' } }, 'x');
  log.info({ trace_id: 'mine' }, 'x');
  log.child({ trace_id: 'mine', span_id: 'too' }).info('x');
  const changed = log.child({});
  changed.setBindings({ dd: 'mine' });
  changed.info('x');
  for (const line of kept.raw) {
    assert.ok((line.match(/"dd":/g) ?? []).length <= 1, line);
    assert.equal(
      (line.match(/[{,]"trace_id":"(mine|67)/g) ?? []).filter((hit) => !hit.startsWith('{')).length,
      1,
      line,
    );
  }
  assert.deepEqual(
    kept.records().map(({ trace_id }) => trace_id),
    [SPAN.traceId, 'mine', 'mine', SPAN.traceId],
  );
});

test('DD_LOGS_INJECTION=false leaves `dd` out and the others in', () => {
  const kept = lines({ logsInjection: false });
  kept.active = SPAN;
  kept.logging.logger('app').info('x');
  assert.deepEqual([kept.records()[0]?.['dd'], kept.records()[0]?.['trace_id']], [undefined, SPAN.traceId]);
});

test('loggers have their levels, and temporary debug changes those that are there and those that come', () => {
  const { logging, records } = lines();
  const app = logging.logger('app');
  const child = app.child({ part: 1 });
  app.debug('no');
  logging.setDebug(true);
  app.debug('yes');
  child.debug('yes');
  logging.logger('evaluations').debug('yes');
  logging.logger('kafka').info('no');
  logging.setDebug(false);
  child.debug('no');
  logging.logger('evaluations').debug('no');
  logging.logger('kafka').warn('yes');
  assert.deepEqual(
    records().map(({ msg }) => msg),
    ['yes', 'yes', 'yes', 'yes'],
  );
  assert.equal(logging.logger('app'), app, 'always the same');
});

test('secrets by name, content of models, bytes and depth are left out; numbers and the rest stay', () => {
  const { logging, raw, records } = lines();
  logging.logger('app').info({
    headers: { Authorization: 'Bearer abcdefgh12345', accept: 'x' },
    apiKey: 'k',
    api_key: 'k',
    'DD-API-KEY': 'k',
    password: 'p',
    accessToken: 't',
    input_tokens: 12,
    input: 'the prompt of somebody',
    messages: [{ role: 'user', content: 'the prompt' }],
    output: 7,
    at: new Date(0),
    bytes: Buffer.from('x'),
    deep: { b: { c: { d: { e: { f: 1 } } } } },
    list: Array.from({ length: 51 }, (_, index) => index),
  });
  const record = records()[0] ?? {};
  assert.doesNotMatch(raw[0] ?? '', /abcdefgh|the prompt|:"[kpt]"/);
  assert.equal(record['input_tokens'], 12);
  assert.equal(record['output'], 7);
  assert.equal(record['input'], '[content, 22 characters]');
  assert.equal(record['at'], '1970-01-01T00:00:00.000Z');
  assert.equal(record['bytes'], '[1 bytes]');
  assert.equal((record['headers'] as Record<string, unknown>)['accept'], 'x');
  assert.equal((record['list'] as unknown[]).length, 51);
  assert.match(raw[0] ?? '', /\[1 more\].*|\[deeper\]/);
});

test('content is logged when that was asked for; secrets are not', () => {
  const { logging, records } = lines({}, { content: true });
  logging.logger('app').info({ prompt: 'hello', token: 'x' });
  assert.deepEqual([records()[0]?.['prompt'], records()[0]?.['token']], ['hello', '[secret]']);
});

test('an error is its type, message, stack, code, status and causes, without the request that hangs on it', () => {
  const { logging, raw, records } = lines();
  const error = Object.assign(new TypeError('no', { cause: new Error('why') }), {
    code: 'ENO',
    status: 401,
    headers: { authorization: 'Bearer hidden' },
    request: { body: 'the prompt' },
  });
  logging.logger('app').error(error);
  logging.logger('app').error({ err: error, more: 1 }, 'failed');
  for (const record of records()) {
    const { stack, cause, ...err } = record['err'] as Record<string, unknown>;
    assert.deepEqual(err, { type: 'TypeError', message: 'no', code: 'ENO', status: 401 });
    assert.match(String(stack), /logging\.test/);
    assert.equal((cause as Record<string, unknown>)['message'], 'why');
  }
  assert.doesNotMatch(raw.join(''), /hidden|the prompt/);
});

test('values of secrets and what has their form are taken out of finished lines', () => {
  const { logging, raw, records } = lines({}, { secrets: ['s3cr"t-value'] });
  const log = logging.logger('app');
  log.info('key s3cr"t-value and Bearer abcdef123456 and sk-abcdefghijklmnop1234');
  log.info({ url: 'http://x/?k=AKIAABCDEFGHIJKLMNOP' });
  logging.writeRecord('keepspan', { level: 'info', time: 't', msg: 'm', note: 's3cr"t-value' });
  assert.equal(records()[0]?.['msg'], 'key [secret] and [secret] and [secret]');
  assert.equal(records()[2]?.['note'], '[secret]');
  assert.doesNotMatch(raw.join(''), /s3cr|AKIAABC/);
});

test('fields that cannot be read do not stop the application', () => {
  const { logging, records } = lines();
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  logging.logger('app').info(circle, 'circle');
  const throwing = {
    get bad(): never {
      throw new Error('getter');
    },
  };
  logging.logger('app').info(throwing, 'getter');
  assert.deepEqual(
    records().map(({ msg }) => msg),
    ['circle', 'getter'],
  );
  assert.match(String(records()[1]?.['unloggable']), /getter/);
});

test('records of Keepspan replace what every line has, once', () => {
  const kept = lines();
  kept.active = SPAN;
  kept.logging.writeRecord('keepspan', {
    level: 'info',
    time: 't',
    msg: 'observability_initialized',
    service: 'other',
  });
  assert.equal((kept.raw[0]?.match(/"service":/g) ?? []).length, 2, 'one of them inside dd');
  const record = kept.records()[0] ?? {};
  assert.deepEqual(
    [record['service'], record['logger'], record['msg'], record['trace_id']],
    ['other', 'keepspan', 'observability_initialized', SPAN.traceId],
  );
});

test('however many loggers are asked for, a bounded number is kept', () => {
  const { logging } = lines();
  for (let index = 0; index < 1_000; index += 1) logging.logger(`n${index}`);
  assert.equal(logging.logger('n999'), logging.logger('n999'), 'the last that is kept');
  assert.notEqual(logging.logger('n1000'), logging.logger('n1000'), 'the first that is not');
});

test('the line after a span has ended has no ids of it', () => {
  const kept = lines();
  const log = kept.logging.logger('app');
  kept.active = SPAN;
  log.info('inside');
  kept.active = undefined;
  log.info('outside');
  log.child({ a: 1 }).info('outside');
  const [inside, ...outside] = kept.records();
  assert.equal(inside?.['trace_id'], SPAN.traceId);
  for (const record of outside) assert.deepEqual([record['dd'], record['trace_id']], [undefined, undefined]);
});

test('a secret goes out of a line everywhere, in whatever form it stands there', () => {
  const kept = lines({}, { secrets: ['key-1234567890'] });
  const log = kept.logging.logger('app');
  log.info({ first: 'key-1234567890', second: ['key-1234567890'] }, 'key-1234567890 and Basic dXNlcjpwYXNz');
  kept.logging.passOn('{"msg":"it is key-1234567890, Bearer abcdefgh12345"}', { msg: '' });
  kept.logging.writeRecord('app', { level: 'info', time: 't', msg: 'key-1234567890' });
  for (const line of kept.raw) assert.doesNotMatch(line, /key-1234567890|dXNlcjpwYXNz|abcdefgh12345/);
  assert.equal(kept.records().length, 3);
});

test('an empty object that a library writes stays one, in a span, too', () => {
  const kept = lines();
  kept.active = SPAN;
  kept.logging.passOn('{ }', {});
  kept.logging.passOn('{"a":1} ', { a: 1 });
  const [empty, full] = kept.records();
  assert.deepEqual(empty, {});
  assert.equal(full?.['trace_id'], SPAN.traceId);
});

test('of what is nested or long, so much is logged: the last level and item that stay, the first that do not', () => {
  const kept = lines();
  const nested = { a: { b: { c: { d: 'stays' } } } };
  kept.logging.logger('app').info({ nested }, 'x');
  kept.logging.logger('app').info({ nested: { a: { b: { c: { d: { e: 'goes' } } } } } }, 'x');
  kept.logging.logger('app').info({ list: Array.from({ length: 50 }, (_, i) => i) }, 'x');
  kept.logging.logger('app').info({ list: Array.from({ length: 51 }, (_, i) => i) }, 'x');
  const [stays, goes, full, over] = kept.records();
  assert.deepEqual(stays?.['nested'], nested);
  assert.deepEqual(goes?.['nested'], { a: { b: { c: { d: '[deeper]' } } } });
  const lists = [full, over].map((record) => record?.['list'] as unknown[]);
  assert.deepEqual(
    lists.map((list) => list.slice(49)),
    [[49], [49, '[1 more]']],
  );
});

test('of an error three causes are logged, and a code that is short', () => {
  const kept = lines();
  const caused = (depth: number): Error =>
    new Error(`e${depth}`, depth === 5 ? undefined : { cause: caused(depth + 1) });
  const short = Object.assign(caused(0), { code: 'x'.repeat(100), statusCode: 503 });
  const long = Object.assign(new Error('long'), { code: 'x'.repeat(101) });
  kept.logging.logger('app').error({ err: short }, 'x');
  kept.logging.logger('app').error({ err: long }, 'x');
  const [first, second] = kept.records().map((record) => record['err'] as Record<string, unknown>);
  const messages: unknown[] = [];
  for (let at: Record<string, unknown> | undefined = first; at !== undefined;) {
    messages.push(at['message']);
    at = at['cause'] as Record<string, unknown> | undefined;
  }
  assert.deepEqual(messages, ['e0', 'e1', 'e2', 'e3']);
  assert.deepEqual([first?.['code'], first?.['status'], second?.['code']], ['x'.repeat(100), 503, undefined]);
});
