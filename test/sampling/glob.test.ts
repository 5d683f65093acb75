import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compileGlob, MAX_PATTERN_CHARS, MAX_STARS, MAX_SUBJECT_CHARS } from '../../src/sampling/glob.ts';

it('matches as dd-trace matches: whole, without case, * any text, ? one character', () => {
  const cases: [string, string, boolean][] = [
    ['web.request', 'WEB.request', true],
    ['web.request', 'web.requests', false],
    ['web.*', 'web.', true],
    ['*', '', true],
    ['***', 'x', true],
    ['?', '', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*a*b*c', 'xxaxxbxxabc', true],
    ['*a*b*c', 'xxaxxbxxabd', false],
    ['a.c', 'abc', false],
    ['a*a', 'a', false],
    ['(x+)+', '(X+)+', true],
  ];
  for (const [pattern, subject, expected] of cases)
    assert.equal(compileGlob(pattern)(subject), expected, `${pattern} ${subject}`);
});

it('agrees with a regular expression made of the same glob', () => {
  const letters = ['a', 'b', '*', '?'];
  let state = 42;
  const next = (n: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * n);
  };
  const text = (n: number, of: number): string =>
    Array.from({ length: next(n) }, () => letters[next(of)]).join('');
  for (let i = 0; i < 20_000; i += 1) {
    const [pattern, subject] = [text(8, 4), text(10, 2)];
    const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
    assert.equal(compileGlob(pattern)(subject), expression.test(subject), `${pattern} ${subject}`);
  }
});

it('the costliest pattern that is accepted takes less than 20 ms on the longest subject', () => {
  const pattern = `${'*aaaaaaaaaaaaaa'.repeat(MAX_STARS).slice(0, MAX_PATTERN_CHARS - 1)}b`;
  const matches = compileGlob(pattern);
  const subject = 'a'.repeat(MAX_SUBJECT_CHARS * 4);
  const startMs = performance.now();
  for (let i = 0; i < 10; i += 1) assert.equal(matches(subject), false);
  assert.ok((performance.now() - startMs) / 10 < 20);
});
