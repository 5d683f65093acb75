import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PATTERNS } from '../../src/redaction/patterns.ts';
import { createTextRedactor, MAX_TEXT_CHARS, redactTexts } from '../../src/redaction/text.ts';

const redact = createTextRedactor();

/** Name of the pattern, what it finds, and what only looks like it. Numbers are the published examples of their issuers. */
const ROWS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'email',
    ['jo.doe+news@mail.example.co.uk', 'jürgen@bücher.example', "o'neil@example.org"],
    ['a@b', '@handle', 'price@', 'git@github'],
  ],
  [
    'iban',
    ['DE89 3704 0044 0532 0130 00', 'GB82WEST12345698765432'],
    ['DE88 3704 0044 0532 0130 00', 'AB12 CD34'],
  ],
  [
    'card',
    ['4111 1111 1111 1111', '5555-5555-5555-4444', '378282246310005'],
    ['4111111111111112', '1111111111111117', '41111111111'],
  ],
  ['ssn', ['078-05-1120'], ['666-05-1120', '900-05-1120', '1078-05-1120']],
  ['ip', ['10.0.0.1', '2001:db8::ff00:42:8329'], ['300.1.1.1', '1.2.3', '10:30:00', '1.2.3.4.5']],
  [
    'phone',
    ['+49 171 1234567', '+1 (555) 123-4567', '(555) 123-4567', '555.123.4567', '0171 1234567', '030/1234567'],
    ['2026-11-22 10:00', '01/02/2026', '0.123456789', '1234567890', '1,234,567.89', 'v1.10.3', '+1'],
  ],
  [
    'jwt',
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
    ['eyJhbGciOiJIUzI1NiJ9'],
  ],
  [
    'aws_access_key',
    ['AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE'],
    ['AKIAIOSFODNN7', 'akiaiosfodnn7example'],
  ],
  [
    'token',
    [
      `sk-proj-${'a1'.repeat(12)}`,
      `ghp_${'a'.repeat(36)}`,
      `xoxb-${'1'.repeat(12)}`,
      `glpat-${'x'.repeat(20)}`,
    ],
    ['sk-short', 'ghp_short', 'task-list-of-the-whole-project-in-detail'],
  ],
  [
    'private_key',
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE+/=\n-----END RSA PRIVATE KEY-----'],
    ['-----BEGIN CERTIFICATE-----'],
  ],
];

describe('redaction by pattern', () => {
  for (const [name, finds, leaves] of ROWS) {
    it(`${name}: found in the middle of a text`, () => {
      for (const found of finds)
        assert.equal(redact(`see ${found}, please`), `see [REDACTED:${name}], please`);
    });
    it(`${name}: what only looks like it stays`, () => {
      for (const left of leaves) assert.equal(redact(`see ${left}, please`), `see ${left}, please`);
    });
  }

  it('every pattern has a row or an own test, and every name can stand in a text without being found again', () => {
    const tested = new Set([...ROWS.map(([name]) => name), 'secret']);
    assert.deepEqual(
      PATTERNS.map(({ name }) => name).filter((name) => !tested.has(name)),
      [],
    );
    for (const { name } of PATTERNS) assert.equal(redact(`[REDACTED:${name}]`), `[REDACTED:${name}]`);
  });

  it('secrets by the name before them: the name stays', () => {
    assert.equal(redact('password=hunter22&x=1'), 'password=[REDACTED:secret]&x=1');
    assert.equal(redact('{"api_key": "abcd-efgh"}'), '{"api_key": "[REDACTED:secret]"}');
    assert.equal(redact('{\\"password\\":\\"hunter22\\"}'), '{\\"password\\":\\"[REDACTED:secret]\\"}');
    assert.equal(redact(`Authorization: Bearer ${'a'.repeat(20)}`), 'Authorization: Bearer [REDACTED:token]');
    assert.equal(redact('total_tokens=5, tokens: 12345'), 'total_tokens=5, tokens: 12345');
  });

  it('several in one text, side by side', () => {
    assert.equal(
      redact('a@example.org b@example.org +49 171 1234567 (555) 123-4567'),
      '[REDACTED:email] [REDACTED:email] [REDACTED:phone] [REDACTED:phone]',
    );
  });

  it('a text of the largest size is looked through, a larger one withheld', () => {
    const mail = ' a@example.org';
    const last = 'x'.repeat(MAX_TEXT_CHARS - mail.length) + mail;
    assert.ok(redact(last).endsWith('x [REDACTED:email]'));
    assert.equal(redact(`x${last}`), '[REDACTED:too_large]');
  });
});

describe('redaction of values', () => {
  it('every text at any depth; numbers, switches and the shape stay; the value that was given is not changed', () => {
    const given = { a: ['a@example.org', 1, true, null], b: { c: { d: 'a@example.org' } }, __proto__x: 'y' };
    const before = structuredClone(given);
    assert.deepEqual(redactTexts(given, redact), {
      a: ['[REDACTED:email]', 1, true, null],
      b: { c: { d: '[REDACTED:email]' } },
      __proto__x: 'y',
    });
    assert.deepEqual(given, before);
  });

  it('what stands under the name of a secret is gone whatever it is', () => {
    assert.deepEqual(
      redactTexts(
        { password: 'x', apiKey: { a: 1 }, Authorization: ['y'], token_count: 5, secret: null },
        redact,
      ),
      {
        password: '[REDACTED:secret]',
        apiKey: '[REDACTED:secret]',
        Authorization: '[REDACTED:secret]',
        token_count: 5,
        secret: null,
      },
    );
  });

  it('dates are what they are written as; a key called __proto__ is a key; past 32 levels nothing is kept', () => {
    assert.equal(redactTexts(new Date(0), redact), '1970-01-01T00:00:00.000Z');
    const odd = redactTexts(JSON.parse('{"__proto__":{"a":"a@example.org"}}'), redact);
    assert.equal(JSON.stringify(odd), '{"__proto__":{"a":"[REDACTED:email]"}}');
    let deep: unknown = 'a@example.org';
    for (let level = 0; level < 40; level += 1) deep = [deep];
    assert.match(JSON.stringify(redactTexts(deep, redact)), /^\[{32}"\[REDACTED:too_deep\]"\]{32}$/);
  });

  it('no planted datum is left in 2,000 random events', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % below;
    };
    const planted = ROWS.flatMap(([, finds]) => finds);
    const words = ['the', 'quick', 'prüfung', '東京', '{"a":', '12', 'of', '\n', '😀', '"', ',', '...'];
    const text = (): string => {
      const parts = Array.from({ length: 1 + random(6) }, () => words[random(words.length)]);
      parts.splice(random(parts.length), 0, ` ${planted[random(planted.length)]} `);
      return parts.join(' ');
    };
    const value = (depth: number): unknown => {
      const kind = depth > 3 ? 0 : random(3);
      if (kind === 0) return text();
      if (kind === 1) return Array.from({ length: random(4) }, () => value(depth + 1));
      return Object.fromEntries(Array.from({ length: random(4) }, (_, i) => [`key${i}`, value(depth + 1)]));
    };
    for (let round = 0; round < 2_000; round += 1) {
      const written = JSON.stringify(redactTexts(value(0), redact));
      for (const datum of planted) {
        const escaped = JSON.stringify(datum).slice(1, -1);
        assert.ok(!written.includes(escaped), `${datum} is left in ${written}`);
      }
    }
  });
});
