import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecallInput } from '../../../src/contracts/recall.ts';
import { heuristicRecall } from '../../../src/evaluation/metrics/context-recall.ts';

const INVOICE: RecallInput = {
  question: 'What is the total amount of the invoice?',
  answer: 'The total is 1,234.50 EUR, due on 5 March 2024.',
  chunks: [
    { text: 'Invoice 2024-118. Total amount: 1.234,50 EUR. Payment is due on 2024-03-05.' },
    { text: 'Deliver the goods to the back door between eight and nine in the morning.' },
  ],
};

function score(over: Partial<RecallInput>, options = {}): number | undefined {
  return heuristicRecall({ ...INVOICE, ...over }, options).score;
}

describe('heuristicRecall', () => {
  it('finds the same numbers and dates in other spellings', () => {
    const found = heuristicRecall(INVOICE);
    assert.equal(found.method, 'salient-facts');
    assert.deepEqual(found.salient.answer, { found: 5, total: 5 });
    assert.ok(found.score! > 0.9, String(found.score));
  });

  it('falls with every fact that the context lacks, and names it', () => {
    const found = heuristicRecall({ ...INVOICE, answer: 'The total is 9,876.50 EUR.' });
    assert.ok(found.score! < 0.7, String(found.score));
    assert.match(found.reason, /missing: 9,876\.50/);
    assert.ok(found.score! < score({})!);
  });

  it('does not take a value for the answer that stands in a passage about something else', () => {
    const asked = { question: 'What is the current version?', field: 'version', answer: '4.5.0' };
    const right = heuristicRecall({ ...asked, chunks: [{ text: '"name": "x"\n"version": "4.5.0"' }] });
    const wrong = heuristicRecall({
      ...asked,
      chunks: [{ text: 'Needs a database server of at least 4.5.0 on the same host.' }],
    });
    assert.equal(right.score, 1);
    assert.ok(wrong.score! < 0.7, String(wrong.score));
    assert.match(wrong.reason, /support/);
  });

  it('takes the words that retrieval searched with for the question, when they are given', () => {
    const asked = {
      question: 'Who wrote it?',
      field: 'author',
      answer: 'Jane Doe',
      chunks: [{ text: 'Copyright (c) 2019 Jane Doe' }, { text: 'Something else altogether' }],
    };
    assert.ok(heuristicRecall(asked).score! < 0.7);
    assert.equal(heuristicRecall({ ...asked, query: 'author copyright' }).score, 1);
  });

  it('reads an identifier in its parts', () => {
    const chunks = [{ text: 'Licensed under the Apache License, Version 2.0.' }];
    assert.equal(
      heuristicRecall({ question: 'Which license?', field: 'license', answer: 'Apache-2.0', chunks }).score,
      1,
    );
  });

  it('knows an address without its protocol, and over ssh', () => {
    const asked = { question: 'Where is the repository?', answer: 'https://github.com/o/n.git' };
    const at = (text: string) => heuristicRecall({ ...asked, chunks: [{ text }] }).score;
    assert.equal(at('repository: git@github.com:o/n.git'), 1);
    assert.equal(at('repository: git+ssh://git@github.com/o/n'), 1);
    assert.equal(at('repository: https://github.com/o/n-other'), 0);
  });

  it('multiplies by 0.7 at a retrieval limit and by 0.85 at heavy filtering', () => {
    const whole = score({})!;
    const limited = heuristicRecall({ ...INVOICE, limits: { retrieved: 8, retrievalLimit: 8 } });
    assert.deepEqual(limited.warnings, ['HIT_RETRIEVAL_LIMIT']);
    assert.ok(Math.abs(limited.score! - whole * 0.7) < 1e-12);
    const both = heuristicRecall({ ...INVOICE, limits: { retrieved: 8, retrievalLimit: 8, filteredOut: 8 } });
    assert.deepEqual(both.warnings, ['HIT_RETRIEVAL_LIMIT', 'HIGH_THRESHOLD_FILTERING']);
    assert.deepEqual(both.penalties, { retrievalLimit: 0.7, filtering: 0.85 });
    assert.ok(Math.abs(both.score! - whole * 0.7 * 0.85) < 1e-12);
    assert.deepEqual(
      heuristicRecall({ ...INVOICE, limits: { retrieved: 7, retrievalLimit: 8 } }).warnings,
      [],
    );
    assert.deepEqual(heuristicRecall({ ...INVOICE, limits: { retrieved: 9, filteredOut: 8 } }).warnings, []);
  });

  it('counts contributing chunks when it is asked to', () => {
    const counted = heuristicRecall(INVOICE, { method: 'counting' });
    assert.deepEqual([counted.method, counted.score], ['counting', 0.5]);
    assert.equal(
      heuristicRecall({ ...INVOICE, limits: { retrievalLimit: 2 } }, { method: 'counting' }).score,
      0.35,
    );
  });

  it('takes a paraphrase by its vector, and never another number', () => {
    const embed = (text: string) => (/quick|swift/.test(text) ? [1, 0] : [0, 1]);
    const chunks = [{ text: 'a swift vulpine' }, { text: 'nothing' }];
    const asked = { question: 'how quick', answer: 'quick foxes', chunks };
    assert.ok(heuristicRecall(asked).score! < 0.5);
    const near = heuristicRecall(asked, { embed });
    assert.deepEqual([near.method, near.score], ['embedding', 1]);
    assert.ok(heuristicRecall({ ...asked, answer: 'quick 42' }, { embed }).score! < 0.5);
  });

  it('says what is wrong with the vectors, and goes on without them', () => {
    for (const embed of [() => [], () => [Number.NaN, 1], (text: string) => Array.from(text, () => 1)]) {
      const found = heuristicRecall(INVOICE, { embed });
      assert.equal(found.method, 'embedding');
      assert.ok(found.score! > 0.9, String(found.score));
    }
    const thrown = heuristicRecall(INVOICE, {
      embed: () => {
        throw new Error('no model');
      },
    });
    assert.match(thrown.reason, /embed failed: no model/);
  });
});

describe('heuristicRecall of degenerate inputs', () => {
  it('is 0 without context, undefined without an answer or a fact in it', () => {
    assert.equal(score({ chunks: [] }), 0);
    assert.equal(score({ chunks: [{ text: ' \n' }, { text: '' }] }), 0);
    for (const answer of ['', '  ', 'N/A', 'not stated.', 'I do not know', 'null', 'yes', '!!!', '👍']) {
      assert.equal(score({ answer }), undefined, answer);
    }
  });

  it('takes bounded time for a chunk of 10 MB, and says that it did not read it all', () => {
    const chunks = [{ text: 'x1 '.repeat(3_500_000) }, { text: `${'y'.repeat(70_000)} total 1,234.50 EUR` }];
    const startedAt = process.cpuUsage();
    const found = heuristicRecall({ ...INVOICE, chunks });
    const { user } = process.cpuUsage(startedAt);
    assert.match(found.reason, /only the first 256 Ki/);
    assert.ok(found.score! < 0.5);
    // A quadratic search takes minutes.
    assert.ok(user < 20_000_000, `${user} µs`);
  });

  it('reads text before the cap and none behind it', () => {
    const answer = 'Zanzibar-7781';
    const at = (before: number) =>
      score({ answer, chunks: [{ text: `${' '.repeat(before)}total ${answer}` }] });
    assert.ok(at(65_000)! > 0);
    assert.equal(at(65_536), 0);
    const many = (n: number) => [
      ...Array.from({ length: n }, () => ({ text: 'nothing' })),
      { text: `total ${answer}` },
    ];
    assert.ok(score({ answer, chunks: many(199) })! > 0);
    assert.equal(score({ answer, chunks: many(200) }), 0);
  });

  it('reads Chinese, Japanese and Thai without spaces', () => {
    const asked = { question: '总部在哪里？', answer: '上海市浦东新区' };
    const found = heuristicRecall({
      ...asked,
      chunks: [{ text: '公司总部位于上海市浦东新区世纪大道。' }, { text: '天气' }],
    });
    assert.ok(found.score! > 0.7, found.reason);
    const other = heuristicRecall({
      ...asked,
      chunks: [{ text: '公司总部位于北京市海淀区中关村。' }, { text: '天气' }],
    });
    assert.ok(other.score! < 0.5, other.reason);
    assert.ok(
      score({ question: 'ที่อยู่', answer: 'กรุงเทพมหานคร', chunks: [{ text: 'ที่อยู่กรุงเทพมหานคร' }] })! > 0.7,
    );
  });

  it('reads Arabic and Hebrew, other digits, accents, full-width forms and entities', () => {
    const with_ = (question: string, answer: string, text: string) =>
      score({ question, answer, chunks: [{ text }] });
    assert.equal(with_('المبلغ', '١٢٣٤', 'المبلغ 1234'), 1);
    assert.equal(with_('שם', 'דוד כהן', 'שם: דוד כהן'), 1);
    assert.equal(with_('Name', 'José Müller', 'Name: Jose Muller'), 1);
    assert.equal(with_('Total', '1234', 'Total &#8364; １２３４'), 1);
    assert.equal(with_('Firm', 'Johnson & Johnson', '<td>Firm</td><b>Johnson &amp; Johnson</b>'), 1);
  });

  it('never throws, whatever it is given', () => {
    const odd: unknown[] = [
      undefined,
      null,
      {},
      { question: 1, answer: {}, chunks: 'no' },
      {
        question: 'q',
        answer: 'Answer 7',
        chunks: [null, 3, { text: 5 }, { text: 'Answer 7', score: Number.NaN }],
      },
      { question: '\ud800', answer: '\udc00 7', chunks: [{ text: '\ud83d 7' }], field: 9, query: {} },
      {
        question: 'q',
        answer: 'a 7',
        chunks: [{ text: '7' }],
        limits: { retrieved: Number.NaN, retrievalLimit: -1 },
      },
      { question: 'q', answer: '(((((7', chunks: [{ text: '&#99999999; &#x0; 7' }], limits: null },
    ];
    for (const input of odd) {
      const { score: found, reason } = heuristicRecall(input as RecallInput);
      assert.ok(found === undefined || (found >= 0 && found <= 1), reason);
    }
  });

  it('stays in range for any mixture of texts', () => {
    const parts = [
      '7',
      'Total',
      '€',
      '上海',
      'x.y/z',
      '2024-02-30',
      '👩‍👩‍👧',
      '<b>',
      'https://a.b/c?d',
      '1.2.3',
      '--',
      '12 kg',
    ];
    let state = 1;
    const next = () => parts[(state = (state * 48_271) % 2_147_483_647) % parts.length]!;
    const text = () => Array.from({ length: 6 }, next).join(' ');
    for (let i = 0; i < 2_000; i += 1) {
      const found = heuristicRecall({
        question: text(),
        answer: text(),
        chunks: [{ text: text() }, { text: text() }],
      });
      assert.ok(found.score === undefined || (found.score >= 0 && found.score <= 1 + 1e-9), found.reason);
      assert.ok(found.reason.length <= 300);
    }
  });
});
