import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadSettings } from '../../src/settings/load.ts';
import { isSwitchedOn } from '../../src/settings/switch.ts';

test('on by DD_LLMOBS_ENABLED, by a stack in the environment or in the options', () => {
  assert.equal(isSwitchedOn({}), false);
  for (const text of ['1', 'true', 'True', ' 1\n'])
    assert.equal(isSwitchedOn({ DD_LLMOBS_ENABLED: text }), true, text);
  for (const text of ['0', 'false', '', 'yes', '2'])
    assert.equal(isSwitchedOn({ DD_LLMOBS_ENABLED: text }), false, text);
  assert.equal(isSwitchedOn({ KEEPSPAN_STACK: 'otlp' }), true);
  assert.equal(isSwitchedOn({ KEEPSPAN_STACK: ' ' }), false);
  assert.equal(isSwitchedOn({}, { stack: 'datadog' }), true);
  assert.equal(isSwitchedOn({}, {}), false);
});

test('off always wins', () => {
  assert.equal(isSwitchedOn({ KEEPSPAN_STACK: 'Off', DD_LLMOBS_ENABLED: '1' }, { stack: 'datadog' }), false);
  assert.equal(isSwitchedOn({ KEEPSPAN_STACK: 'datadog', DD_LLMOBS_ENABLED: '1' }, { stack: 'off' }), false);
});

test('a value that is no text switches nothing and throws nothing', () => {
  assert.equal(isSwitchedOn({}, { stack: 1 as unknown as string }), false);
});

test('it imports nothing', () => {
  const source = readFileSync(new URL('../../src/settings/switch.ts', import.meta.url), 'utf8');
  assert.doesNotMatch(source, /^\s*import\b|\bimport\(|\brequire\(/m);
});

test('switch and settings agree on DD_LLMOBS_ENABLED', () => {
  for (const text of ['1', 'true', 'TRUE', '0', 'false', 'on', 'yes', '', ' ', ' 1 ', '11', 'enabled']) {
    const env = { DD_LLMOBS_ENABLED: text };
    assert.equal(isSwitchedOn(env), loadSettings({ env }).settings.enabled, JSON.stringify(text));
  }
});
