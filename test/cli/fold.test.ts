import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold } from '../../src/cli/fold.ts';

test('long lines break between words, below their own text', () => {
  assert.equal(
    fold('✖ KS-A-001  a title\n    fix    npm install the package, or set the variable\n', { columns: 40 }),
    '✖ KS-A-001  a title\n    fix    npm install the package, or\n           set the variable\n',
  );
  assert.equal(
    fold(`✖ KS-A-001  ${'word '.repeat(8).trim()}`, { columns: 40 }),
    '✖ KS-A-001  word word word word word\n            word word word',
  );
  assert.equal(fold('one two', { columns: 40 }), 'one two');
});

test('colours take no room, a word longer than the line stays whole', () => {
  const painted = `\u001b[31m✖\u001b[39m ${'x'.repeat(38)}`;
  assert.equal(fold(painted, { columns: 40 }), painted);
  const url = `    docs   ${'u'.repeat(60)}`;
  assert.equal(fold(url, { columns: 40 }), url);
});

test('a pipe gets its lines whole, and so does a terminal that is too narrow', () => {
  const line = 'word '.repeat(40);
  assert.equal(fold(line, {}), line);
  assert.equal(fold(line, { columns: 20 }), line);
});
