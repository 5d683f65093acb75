import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ago, bytes, compact, cost, count, duration, percent, plural } from '../../web/src/lib/format.ts';
import { decimalToHex, pastedId } from '../../web/src/lib/ids.ts';
import { linear, logarithmic, ticks } from '../../web/src/lib/scale.ts';

const eachOf = <T>(say: (value: T) => string, cases: readonly (readonly [T, string])[]): void => {
  for (const [value, expected] of cases) assert.equal(say(value), expected, String(value));
};

describe('figures as the page shows them', () => {
  it('durations take the unit people would say, and never jump over one', () => {
    eachOf(duration, [
      [0, '0 µs'],
      [0.0124, '12 µs'],
      [0.9994, '999 µs'],
      [1, '1 ms'],
      [12.44, '12.4 ms'],
      [99.96, '100 ms'],
      [999.6, '1 s'],
      [3251, '3.25 s'],
      [59_960, '1 m 00 s'],
      [125_000, '2 m 05 s'],
      [3_725_000, '1 h 02 m'],
      [90_000_000, '1 d 01 h'],
      [-5, '−5 ms'],
      [Number.NaN, '–'],
    ]);
  });

  it('a cost that nobody priced is unpriced, never $0; a lower bound says so', () => {
    eachOf(
      (value: number | null | undefined) => cost(value),
      [
        [null, 'unpriced'],
        [undefined, 'unpriced'],
        [Number.NaN, 'unpriced'],
        [0, '$0.00'],
        [0.000_18, '$0.00018'],
        [0.25, '$0.2500'],
        [12.5, '$12.50'],
      ],
    );
    assert.equal(cost(0.5, true), '≥ $0.5000');
    assert.equal(cost(null, true), 'unpriced');
  });

  it('counts, bytes, shares and ages', () => {
    assert.deepEqual([count(1_234_567), compact(9999), compact(12_345)], ['1,234,567', '9,999', '12.3K']);
    assert.deepEqual([plural(1, 'span'), plural(2, 'match', 'matches')], ['1 span', '2 matches']);
    eachOf(bytes, [
      [0, '0 B'],
      [1023, '1023 B'],
      [1024, '1 KiB'],
      [1_572_864, '1.5 MiB'],
      [268_435_456, '256 MiB'],
    ]);
    eachOf(percent, [
      [0, '0 %'],
      [0.0004, '< 0.1 %'],
      [0.052, '5.2 %'],
      [0.4, '40 %'],
      [1, '100 %'],
      [Number.NaN, '–'],
    ]);
    eachOf(
      (thenMs: number) => ago(thenMs, 1_000_000_000),
      [
        [1_000_000_000, 'now'],
        [999_970_000, '30 s ago'],
        [999_400_000, '10 min ago'],
        [992_000_000, '2 h ago'],
        [800_000_000, '2 d ago'],
      ],
    );
  });

  it('an id is found in whatever was copied', () => {
    const hex = '6b03043f0000000000000988c7020377';
    for (const text of [
      hex,
      ` ${hex.toUpperCase()}\n`,
      `00-${hex}-0988c70203770001-01`,
      `{"level":"info","trace_id":"${hex}","msg":"x"}`,
      `dd.trace_id=${hex}`,
      `http://127.0.0.1:8126/traces/${hex}?span=1`,
      `0x${hex}`,
      '6b03043f-0000-0000-0000-0988c7020377',
    ]) {
      assert.equal(pastedId(text), hex, text);
    }
    assert.equal(pastedId('"10480912034551"'), '10480912034551');
    assert.equal(pastedId('  '), '');
  });

  it('a decimal span id is the same as its hexadecimal one', () => {
    assert.equal(decimalToHex('10480912034551'), '000009884709eaf7');
    assert.equal(decimalToHex('18446744073709551615'), 'f'.repeat(16));
    assert.equal(decimalToHex('18446744073709551616'), '');
    assert.deepEqual([decimalToHex('undefined'), decimalToHex('')], ['', '']);
  });
});

describe('scales', () => {
  it('marks are round, inside, and no more than asked for', () => {
    assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
    assert.deepEqual(ticks(3, 3, 5), [3]);
    for (const [min, max] of [
      [0, 7],
      [0.2, 0.9],
      [1_763_800_000_123, 1_763_800_912_345],
    ] as const) {
      const marks = ticks(min, max, 5);
      assert.ok(marks.length >= 2 && marks.length <= 6, `${marks.length} marks`);
      assert.ok(marks.every((mark) => mark >= min && mark <= max));
    }
  });

  it('values stay between the ends, whatever they are', () => {
    assert.equal(linear(5, 5).at(5), 0.5);
    const scale = logarithmic(0, 8140);
    assert.equal(scale.at(0), 0);
    assert.equal(scale.at(10_000), 1);
    assert.ok(scale.at(100) > scale.at(10));
  });
});
