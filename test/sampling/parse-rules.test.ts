import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MAX_RULES, parseRules } from '../../src/sampling/parse-rules.ts';

it('takes dd-trace’s grammar in both spellings, and our classes', () => {
  const { rules, problems } = parseRules(
    [
      {
        service: 's',
        name: 'n',
        resource: 'r',
        tags: { 'a.b': 'c*' },
        sample_rate: 0.5,
        max_per_second: 10,
        discard: true,
        provenance: 'customer',
      },
      { name: 'n', sampleRate: 0.1, maxPerSecond: 1 },
      { noise: 'poll:*', sample_rate: '0.01' },
      {},
      { tags: { 'http.status_code': 404 }, sample_rate: 0 },
    ],
    'x',
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(rules, [
    {
      service: 's',
      name: 'n',
      resource: 'r',
      tags: { 'a.b': 'c*' },
      sampleRate: 0.5,
      maxPerSecond: 10,
      id: 'service=s name=n resource=r tags.a.b=c* @ 0.5',
    },
    { name: 'n', sampleRate: 0.1, maxPerSecond: 1, id: 'name=n @ 0.1' },
    { noise: 'poll:*', sampleRate: 0.01, id: 'poll:* @ 0.01' },
    { sampleRate: 1, id: 'everything @ 1' },
    { tags: { 'http.status_code': '404' }, sampleRate: 0, id: 'tags.http.status_code=404 @ 0' },
  ]);
});

it('gives equal rules different names', () => {
  const { rules } = parseRules([{ name: 'n' }, { name: 'n' }, { id: 'n' }, { id: 'n' }], 'x');
  assert.deepEqual(
    rules.map(({ id }) => id),
    ['name=n @ 1', 'name=n @ 1 (2)', 'n', 'n (2)'],
  );
});

const REFUSED: [string, unknown, string, RegExp][] = [
  ['no list', { name: 'n' }, 'KS-POLICY-001', /x: \[/],
  ['a rule that is a text', ['GET /health'], 'KS-POLICY-001', /resource/],
  ['a null', [null], 'KS-POLICY-001', /resource/],
  ['an unknown key', [{ ressource: 'x' }], 'KS-POLICY-002', /did you mean resource/],
  ['a key of the prototype', [JSON.parse('{"__proto__":{"name":"x"}}')], 'KS-POLICY-002', /remove it/],
  ['a rate above 1', [{ sample_rate: 1.5 }], 'KS-POLICY-003', /0.015/],
  ['a rate in percent', [{ sample_rate: 10 }], 'KS-POLICY-003', /did you mean 0.1/],
  ['a rate below 0', [{ sample_rate: -0.1 }], 'KS-POLICY-003', /from 0 to 1/],
  ['a rate that is no number', [{ sample_rate: 'all' }], 'KS-POLICY-003', /number/],
  ['NaN', [{ sample_rate: Number.NaN }], 'KS-POLICY-003', /number/],
  ['an unknown class', [{ noise: 'poll:sqss' }], 'KS-POLICY-003', /did you mean poll:sqs/],
  ['an empty pattern', [{ name: '' }], 'KS-POLICY-003', /glob/],
  ['a regular expression', [{ name: /(a+)+$/ }], 'KS-POLICY-004', /glob/],
  ['a regular expression among tags', [{ tags: { a: /b/ } }], 'KS-POLICY-004', /glob/],
  ['tags that are a list', [{ tags: ['a'] }], 'KS-POLICY-003', /tenant/],
  ['a pattern of 257 characters', [{ name: 'x'.repeat(257) }], 'KS-POLICY-004', /256/],
  ['17 stars', [{ name: 'a*'.repeat(17) }], 'KS-POLICY-004', /16 stars/],
  ['too many rules', Array.from({ length: MAX_RULES + 1 }, () => ({})), 'KS-POLICY-001', /join/],
];
for (const [what, raw, code, fix] of REFUSED) {
  it(`refuses ${what}, with a place and a fix`, () => {
    const { problems } = parseRules(raw, 'x');
    assert.equal(problems[0]?.code, code);
    assert.equal(problems[0].severity, 'error');
    assert.match(problems[0].at, /^x/);
    assert.match(problems[0].fix, fix);
  });
}

it('takes the largest that is allowed', () => {
  assert.deepEqual(parseRules([{ name: 'x'.repeat(256), tags: { k: 'a*'.repeat(16) } }], 'x').problems, []);
  assert.deepEqual(
    parseRules(
      Array.from({ length: MAX_RULES }, () => ({})),
      'x',
    ).problems,
    [],
  );
});
