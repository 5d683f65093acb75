import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agreementPattern, multiSourceAgreement } from '../../../src/evaluation/metrics/agreement.ts';
import { aggregatedConfidence } from '../../../src/evaluation/metrics/confidence.ts';
import { datesIn } from '../../../src/evaluation/metrics/dates.ts';
import { semanticValidation } from '../../../src/evaluation/metrics/grounding.ts';
import {
  contextPrecision,
  contextRelevance,
  precisionOfRanks,
} from '../../../src/evaluation/metrics/precision.ts';
import { quantitiesIn, readNumber } from '../../../src/evaluation/metrics/quantities.ts';
import { recallWarning } from '../../../src/evaluation/metrics/warnings.ts';

describe('numbers and dates', () => {
  it('reads separators as they are used', () => {
    for (const [text, value] of [
      ['1,234.5', 1234.5],
      ['1.234,5', 1234.5],
      ['1 234,5', 1234.5],
      ["1'234.5", 1234.5],
      ['1,234', 1234],
      ['1.234', 1.234],
      ['1.234.567', 1_234_567],
      ['12,5', 12.5],
    ] as const) {
      assert.equal(readNumber(text), value, text);
    }
  });

  it('reads money, magnitudes and measures into one unit', () => {
    const first = (text: string) => quantitiesIn(text).map(({ value, unit }) => [value, unit])[0];
    assert.deepEqual(first('$1.2 million'), [1_200_000, 'USD']);
    assert.deepEqual(first('1,2 Mio €'), [1_200_000, 'EUR']);
    assert.deepEqual(first('EUR 45'), [45, 'EUR']);
    assert.deepEqual(first('$5m'), [5_000_000, 'USD']);
    assert.deepEqual(first('5 m'), [5, 'm']);
    assert.deepEqual(first('5 km'), [5_000, 'm']);
    assert.deepEqual(first('2.5 %'), [2.5, '%']);
    assert.deepEqual(first('-3'), [-3, undefined]);
    assert.deepEqual(quantitiesIn('no number'), []);
    assert.equal(quantitiesIn('7 '.repeat(5_000)).length, 2_000);
  });

  it('reads dates, both ways where the order is open, and none that the calendar lacks', () => {
    const forms = (text: string) => datesIn(text).flatMap((date) => date.forms);
    assert.deepEqual(forms('on 2024-03-05T10:00'), ['2024-03-05']);
    assert.deepEqual(forms('5th of March, 2024; March 5, 2024'), ['2024-03-05', '2024-03-05']);
    assert.deepEqual(forms('05.03.2024'), ['2024-03-05']);
    assert.deepEqual(forms('03/05/2024'), ['2024-05-03', '2024-03-05']);
    assert.deepEqual(forms('2024年3月5日'), ['2024-03-05']);
    assert.deepEqual(forms('March 2024'), ['2024-03']);
    assert.deepEqual(forms('30.02.2024 or 2024-13-01'), []);
    assert.equal(datesIn('2024-01-01 '.repeat(600)).length, 500);
  });
});

describe('semantic_validation', () => {
  const result = (value: Parameters<typeof semanticValidation>[0], cited: string, options = {}) =>
    semanticValidation(value, cited, options).result;

  it('compares by meaning', () => {
    assert.equal(result('1,234.50', 'Total 1.234,50 EUR'), 'pass');
    assert.equal(result('€1,234.50', 'Total 1.234,50 EUR'), 'pass');
    assert.equal(result('$1,234.50', 'Total 1.234,50 EUR'), 'fail');
    assert.equal(result('5 km', 'a distance of 5,000 m'), 'pass');
    assert.equal(result('5 kg', 'a distance of 5,000 m'), 'fail');
    assert.equal(result(1234.5, 'Total 1.234,50 EUR'), 'pass');
    assert.equal(result(1235, 'Total 1.234,50 EUR'), 'fail');
    assert.equal(result(1235, 'Total 1.234,50 EUR', { tolerance: 0.001 }), 'pass');
    assert.equal(result('2024-03-05', 'signed March 5, 2024'), 'pass');
    assert.equal(result('2024-03-06', 'signed March 5, 2024'), 'fail');
    assert.equal(result('https://a.org/x/', 'see www.a.org/x.'), 'pass');
  });

  it('knows a name with an initial, an accent or a slip, and not another one', () => {
    const cited = 'The contract is signed by Dr. Johanna M. Schmidt for Acme Corporation.';
    assert.equal(result('Johanna Schmidt', cited), 'pass');
    assert.equal(result('J. Schmidt', cited), 'pass');
    assert.equal(result('Johana Schmidt', cited), 'pass');
    assert.equal(result('ACME Corporation', cited), 'pass');
    assert.equal(result('Johanna Meier', cited), 'fail');
    assert.equal(result('Schmidt Johanna', cited), 'fail');
    assert.equal(result('B-4711', 'order B-4712'), 'fail');
  });

  it('holds a longer text to its numbers', () => {
    const cited =
      'The tenant pays 950 EUR each month, heating included, on the third working day, into the account below.';
    assert.equal(result('The tenant pays 950 EUR each month, heating included', cited), 'pass');
    assert.equal(result('The tenant pays 980 EUR each month, heating included', cited), 'fail');
    assert.equal(result('The landlord repairs windows and doors without delay', cited), 'fail');
  });

  it('skips what cannot be compared: that is no pass', () => {
    for (const value of ['', '  ', null, undefined, Number.NaN])
      assert.equal(result(value, 'text'), 'skipped');
    assert.equal(result('x', ''), 'skipped');
    assert.equal(result('x', undefined as unknown as string), 'skipped');
  });
});

describe('agreement and confidence', () => {
  it('counts spellings of a value as one', () => {
    const found = multiSourceAgreement([
      { value: '1,234.50 EUR' },
      { value: '1.234,50 €' },
      { value: 1234.5 },
      { value: null },
      { value: Number.NaN },
    ]);
    assert.equal(found.groups.length, 2);
    assert.ok(Math.abs(found.score! - 2 / 3) < 1e-12);
    assert.equal(found.pattern, 'mixed');
    assert.equal(found.value, '1,234.50 EUR');
    assert.equal(
      multiSourceAgreement([{ value: '2024-03-05' }, { value: 'March 5, 2024' }]).pattern,
      'unanimous',
    );
    assert.equal(multiSourceAgreement([{ value: 'José' }, { value: 'JOSE' }]).score, 1);
  });

  it('weighs sources, and says nothing of fewer than two', () => {
    assert.equal(multiSourceAgreement([{ value: 'a', weight: 3 }, { value: 'b' }]).score, 0.75);
    assert.equal(multiSourceAgreement([{ value: 'a' }]).score, undefined);
    assert.equal(multiSourceAgreement([]).pattern, undefined);
    assert.equal(multiSourceAgreement(null as never).score, undefined);
  });

  it('names the patterns at their bounds', () => {
    const bounds = [1, 0.951, 0.95, 0.701, 0.7, 0.401, 0.4, 0, Number.NaN, 2];
    assert.deepEqual(bounds.map(agreementPattern), [
      'unanimous',
      'unanimous',
      'majority',
      'majority',
      'mixed',
      'mixed',
      'conflicting',
      'conflicting',
      'conflicting',
      'conflicting',
    ]);
  });

  it('aggregates probabilities and leaves out what is none', () => {
    const score = (...args: Parameters<typeof aggregatedConfidence>) => aggregatedConfidence(...args).score;
    assert.equal(score([0.5, 1]), 0.75);
    assert.equal(score([{ confidence: 0.5, weight: 3 }, 1]), 0.625);
    assert.equal(score([0.5, 0.8], 'minimum'), 0.5);
    assert.equal(score([0.5, 0.8], 'product'), 0.4);
    assert.equal(score([0.5, 0.5], 'noisy-or'), 0.75);
    assert.deepEqual(aggregatedConfidence([Number.NaN, 2, -1, 0.5]), {
      score: 0.5,
      method: 'mean',
      used: 1,
      ignored: 3,
    });
    assert.equal(score([]), undefined);
    assert.equal(aggregatedConfidence([null as never, 'x' as never]).ignored, 2);
  });
});

describe('context_precision, context_relevance, recall_warning', () => {
  it('is average precision, with the mean rank', () => {
    const found = precisionOfRanks([true, false, true, false]);
    assert.ok(Math.abs(found.score! - (1 + 2 / 3) / 2) < 1e-12);
    assert.deepEqual([found.atK, found.averageRank], [0.5, 2]);
    assert.equal(precisionOfRanks([false, true], 1).score, 0);
    assert.deepEqual(precisionOfRanks([]).score, undefined);
    assert.equal(precisionOfRanks([true], Number.NaN).score, 1);
  });

  it('takes chunks for relevant that hold what the answer rests on', () => {
    const chunks = [{ text: 'weather' }, { text: 'Total: 77 EUR' }, { text: 'news' }, { text: 'sports' }];
    const found = contextPrecision({ answer: '77 EUR', chunks });
    assert.deepEqual(found.relevant, [false, true, false, false]);
    assert.deepEqual([found.score, found.averageRank, found.atK], [0.5, 2, 0.25]);
    assert.equal(contextPrecision({ answer: '77 EUR', chunks }, { k: 1 }).score, 0);
  });

  it('says how much of the context is about the question', () => {
    const found = contextRelevance({
      question: 'What is the notice period of the lease?',
      chunks: [{ text: 'The notice period of this lease is three months.' }, { text: 'Pets are allowed.' }],
    });
    assert.deepEqual(found.chunks, [1, 0]);
    assert.equal(found.score, 0.5);
    assert.equal(contextRelevance({ question: 'the?', chunks: [{ text: 'x' }] }).score, undefined);
    assert.equal(contextRelevance({ question: 'x', chunks: [] }).score, undefined);
  });

  it('warns of limits, and not of numbers that are none', () => {
    assert.deepEqual(recallWarning({ retrievalLimit: 3 }, 3).warnings, ['HIT_RETRIEVAL_LIMIT']);
    assert.deepEqual(recallWarning({ filteredOut: 1 }, 1).warnings, ['HIGH_THRESHOLD_FILTERING']);
    for (const limits of [
      undefined,
      {},
      { retrievalLimit: 0 },
      { retrievalLimit: Number.NaN },
      { filteredOut: -5 },
    ])
      assert.deepEqual(recallWarning(limits, 3).warnings, []);
  });
});
