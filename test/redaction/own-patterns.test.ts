import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundedSource, readOwnPatterns } from '../../src/redaction/own-patterns.ts';
import { createTextRedactor } from '../../src/redaction/text.ts';

const read = (...patterns: unknown[]) => readOwnPatterns(JSON.stringify(patterns));

describe("patterns of the user's own", () => {
  it('are found beside those of the house, with or without case', () => {
    const { patterns, problems } = read(
      { name: 'customer', pattern: 'C-\\d{8}' },
      { name: 'project', pattern: '\\bproject \\w+', ignoreCase: true },
    );
    assert.deepEqual(problems, []);
    const redact = createTextRedactor(patterns);
    assert.equal(
      redact('C-12345678 and c-12345678 of PROJECT Apollo, a@example.org'),
      '[REDACTED:customer] and c-12345678 of [REDACTED:project], [REDACTED:email]',
    );
  });

  const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
    ['no object', 'C-', /no object/],
    ['no name', { pattern: 'a' }, /name/],
    ['a name that could be mistaken', { name: 'A B', pattern: 'a' }, /name/],
    ['no pattern', { name: 'a' }, /no pattern/],
    ['not a regular expression', { name: 'a', pattern: '[' }, /Invalid regular expression/],
    ['nested repetitions', { name: 'a', pattern: '(a+)+$' }, /ways/],
    ['alternatives under a repetition', { name: 'a', pattern: '(?:a|aa)+$' }, /ways/],
    ['two long repetitions in a row', { name: 'a', pattern: '\\d+\\d+\\d+x' }, /ways/],
    ['a reference back', { name: 'a', pattern: '(a)\\1' }, /refers back/],
    ['the empty text', { name: 'a', pattern: 'a*' }, /empty text/],
    ['too long', { name: 'a', pattern: 'a'.repeat(301) }, /longer than 300/],
  ];
  for (const [title, entry, why] of REFUSED) {
    it(`refused: ${title}`, () => {
      const { patterns, problems } = read(entry, { name: 'good', pattern: 'C-\\d{8}' });
      assert.equal(problems.length, 1);
      assert.equal(problems[0]?.at, 'KEEPSPAN_REDACT_PATTERNS[0]');
      assert.match(problems[0]?.why ?? '', why);
      assert.deepEqual(
        patterns.map(({ name }) => name),
        ['good'],
      );
    });
  }

  it('no list, no JSON, and the 51st', () => {
    for (const text of ['{}', 'nonsense', '1']) {
      assert.match(readOwnPatterns(text).problems[0]?.why ?? '', /no list/);
    }
    const many = Array.from({ length: 51 }, (_, i) => ({ name: `p${i}`, pattern: `x${i}` }));
    assert.equal(readOwnPatterns(JSON.stringify(many.slice(0, 50))).problems.length, 0);
    const { patterns, problems } = readOwnPatterns(JSON.stringify(many));
    assert.equal(patterns.length, 50);
    assert.match(problems[0]?.why ?? '', /more than 50/);
  });

  it('repetitions without a bound get one; classes, escapes, groups and lazy forms stay what they are', () => {
    assert.equal(boundedSource('a+b*').source, 'a{1,256}b{0,256}');
    assert.equal(boundedSource('[+*]\\+(?<n>x|y)??').source, '[+*]\\+(?<n>x|y){0,1}?');
    assert.equal(boundedSource('\\p{L}{2,}').source, '\\p{L}{2,256}');
    assert.equal(boundedSource('(?<!a)b{3}').source, '(?<!a)b{3,3}');
    assert.equal(boundedSource('a?').ways, 2);
    assert.equal(boundedSource('(?:a|b)c?').ways, 4);
  });
});
