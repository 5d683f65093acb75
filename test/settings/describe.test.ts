import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsHelp, settingsPage } from '../../src/settings/describe.ts';
import { maskValue, nearest } from '../../src/settings/problem.ts';
import { TABLE } from '../../src/settings/table.ts';
import { wantsColor } from '../../src/settings/terminal.ts';

test('names and keys of the table are unique', () => {
  assert.equal(new Set(TABLE.map(({ name }) => name)).size, TABLE.length);
  assert.equal(new Set(TABLE.map(({ key }) => key)).size, TABLE.length);
});

test('page and help have every setting', () => {
  const page = settingsPage();
  for (const { name, key } of TABLE) {
    assert.match(page, new RegExp(`^### ${name}$`, 'm'));
    assert.match(page, new RegExp(`Option: \`${key}\``));
    if (name.startsWith('KEEPSPAN_')) assert.match(settingsHelp(), new RegExp(`^  ${name} `, 'm'));
  }
  assert.match(page, /536870912 \(512 MiB\)/);
  assert.match(page, /25000 \(25 s\)/);
});

test('what is shown is on one line, short, and without secrets', () => {
  assert.equal(maskValue({ secret: true }, 'abc'), '(secret, 3 characters)');
  assert.equal(maskValue(undefined, 'a\u001b[31m\nb'), 'a [31m b');
  assert.equal(maskValue(undefined, 'x'.repeat(80)).length, 80);
  assert.equal(maskValue(undefined, 'x'.repeat(81)), `${'x'.repeat(80)}…`);
  assert.equal(maskValue(undefined, undefined), 'undefined');
});

test('the nearest name, when one is near', () => {
  assert.equal(nearest('KEEPSPAN_STAK', ['KEEPSPAN_STACK', 'KEEPSPAN_ENV']), 'KEEPSPAN_STACK');
  assert.equal(nearest('KEEPSPAN_SOMETHING_ELSE', ['KEEPSPAN_STACK', 'KEEPSPAN_ENV']), undefined);
  assert.equal(nearest('', ['a']), undefined);
});

test('colour: a terminal, unless NO_COLOR or a dumb one', () => {
  assert.equal(wantsColor({ isTTY: true }, {}), true);
  assert.equal(wantsColor({ isTTY: true }, { NO_COLOR: '' }), true);
  assert.equal(wantsColor({ isTTY: true }, { NO_COLOR: '1' }), false);
  assert.equal(wantsColor({ isTTY: true }, { TERM: 'dumb' }), false);
  assert.equal(wantsColor({}, {}), false);
});
