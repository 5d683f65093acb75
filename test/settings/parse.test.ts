import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseValue } from '../../src/settings/parse.ts';
import type { Kind, Row } from '../../src/settings/row.ts';

function read(kind: Kind, raw: unknown, extra: Partial<Row> = {}) {
  const parsed = parseValue({ name: 'X', key: 'x', kind, description: '', since: '0', ...extra }, raw);
  return parsed.ok ? parsed.value : undefined;
}

test('booleans', () => {
  for (const text of ['1', 'true', 'TRUE', ' true\n']) assert.equal(read('boolean', text), true, text);
  for (const text of ['0', 'false', 'False']) assert.equal(read('boolean', text), false, text);
  for (const text of ['yes', 'on', '2', 'truee']) assert.equal(read('boolean', text), undefined, text);
  assert.equal(read('boolean', true), true);
  assert.equal(read('boolean', 1), undefined);
});

test('numbers', () => {
  assert.equal(read('integer', '42'), 42);
  assert.equal(read('integer', '4.2'), undefined);
  assert.equal(read('integer', '1e3'), undefined);
  assert.equal(read('integer', 4.2), undefined);
  assert.equal(read('number', '.5'), 0.5);
  assert.equal(read('number', 'Infinity'), undefined);
  assert.equal(read('number', Number.NaN), undefined);
});

test('durations', () => {
  const cases = {
    '25000': 25_000,
    '25s': 25_000,
    '500ms': 500,
    '5m': 300_000,
    '24h': 86_400_000,
    '7d': 604_800_000,
    '1.5 s': 1_500,
  };
  for (const [text, valueMs] of Object.entries(cases)) assert.equal(read('duration', text), valueMs, text);
  for (const text of ['s', '-1s', '5 weeks', '5toString'])
    assert.equal(read('duration', text), undefined, text);
});

test('sizes: powers of two with an i, of ten without', () => {
  const cases = {
    '1048576': 1_048_576,
    '512MiB': 536_870_912,
    '512mib': 536_870_912,
    '1Gi': 1_073_741_824,
    '2GB': 2_000_000_000,
    '2G': 2_000_000_000,
    '10KB': 10_000,
    '10KiB': 10_240,
    '7B': 7,
  };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(read('bytes', text), bytes, text);
  for (const text of ['MiB', '1TiB', '0x10', '1 2']) assert.equal(read('bytes', text), undefined, text);
});

test('enums: any case, aliases, nothing inherited', () => {
  const extra = { values: ['none', 'data'], aliases: { nothing: 'none' } };
  assert.equal(read('enum', 'DATA', extra), 'data');
  assert.equal(read('enum', 'nothing', extra), 'none');
  assert.equal(read('enum', 'constructor', extra), undefined);
});

test('URLs keep their path and lose a trailing slash', () => {
  assert.equal(read('url', 'http://h:4318/'), 'http://h:4318');
  assert.equal(read('url', 'https://h/v1/'), 'https://h/v1');
  assert.equal(read('url', 'unix:///s'), undefined);
  assert.equal(read('agentUrl', 'unix:///var/run/s'), 'unix:///var/run/s');
  assert.equal(read('url', 'localhost:8126'), undefined);
});

test('JSON arrays stay text; texts without control characters', () => {
  assert.equal(read('rules', '[{"a":1}]'), '[{"a":1}]');
  assert.equal(read('rules', '{"a":1}'), undefined);
  assert.equal(read('rules', '[{'), undefined);
  assert.equal(read('string', ' key\n'), 'key');
  assert.equal(read('string', 'a\r\nb: c'), undefined);
  assert.equal(read('path', 'a\0b'), undefined);
});
