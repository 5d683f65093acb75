import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecallRecord } from '../../../src/contracts/recall.ts';
import { calibrate } from '../../../src/evaluation/calibration/calibrate.ts';
import { checkDrift } from '../../../src/evaluation/calibration/drift.ts';
import { clopperPearson, wilson } from '../../../src/evaluation/calibration/intervals.ts';
import { plot } from '../../../src/evaluation/calibration/plot.ts';
import { readRecords } from '../../../src/evaluation/calibration/read-records.ts';

function near(actual: number, expected: number, within = 5e-5): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual}, not ${expected}`);
}

/** Scores of complete contexts from 0.5 up, of incomplete ones mostly below: 900 and 100. */
const RECORDS: readonly RecallRecord[] = [
  ...Array.from({ length: 900 }, (_, i) => ({ score: 0.5 + (0.5 * i) / 900, complete: true })),
  ...Array.from({ length: 95 }, (_, i) => ({ score: (0.6 * i) / 95, complete: false })),
  ...Array.from({ length: 5 }, () => ({ score: 0.9, complete: false })),
];

describe('intervals', () => {
  it("are Clopper and Pearson's and Wilson's of the tables", () => {
    // Exact values: scipy.stats.binomtest(k, n).proportion_ci(method='exact' | 'wilson').
    for (const [hits, total, low, high] of [
      [0, 10, 0, 0.3085],
      [1, 10, 0.00253, 0.44502],
      [5, 100, 0.01643, 0.11284],
      [100, 100, 0.96378, 1],
      [190, 200, 0.91, 0.97581],
    ] as const) {
      const exact = clopperPearson(hits, total);
      near(exact.low, low);
      near(exact.high, high);
    }
    near(wilson(5, 100).low, 0.02154);
    near(wilson(5, 100).high, 0.11175);
    assert.deepEqual(clopperPearson(0, 0), { low: 0, high: 1 });
    assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
    assert.ok(clopperPearson(3, 1_000_000).high < 1e-5);
  });

  it('cover the truth as often as they say', () => {
    let state = 7;
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    let covered = 0;
    for (let run = 0; run < 1_000; run += 1) {
      let hits = 0;
      for (let i = 0; i < 60; i += 1) if (random() < 0.1) hits += 1;
      const { low, high } = clopperPearson(hits, 60);
      if (low <= 0.1 && high >= 0.1) covered += 1;
    }
    assert.ok(covered >= 940, String(covered));
  });
});

describe('calibrate', () => {
  it('finds the cheapest threshold that meets the target', () => {
    const found = calibrate(RECORDS, { maxMiss: 0.05 });
    assert.deepEqual(
      [found.requests, found.labelled, found.incomplete, found.unknown],
      [1_000, 1_000, 100, 0],
    );
    // All but the five that hide at 0.9 lie below 0.6: the highest at 0.5937.
    assert.equal(found.chosen?.threshold, 0.6);
    near(found.chosen.missRate, 0.05);
    near(found.chosen.judged, (180 + 95) / 1_000);
    near(found.chosen.saved, 1 - 0.275);
    near(found.chosen.falsePass, 5 / 725);
    near(found.chosen.agreement, 720 / 725);
    assert.deepEqual(
      found.rows.map(({ threshold }) => threshold),
      Array.from({ length: 101 }, (_, i) => i / 100),
    );
  });

  it('judges more when the bound has to meet the target, and nothing when nothing can', () => {
    const sure = calibrate(RECORDS, { maxMiss: 0.05, confident: true });
    assert.equal(sure.chosen?.threshold, 0.91);
    assert.ok(sure.chosen.missInterval.high <= 0.05);
    const top = calibrate([{ score: 1, complete: false }, ...RECORDS], { maxMiss: 0 });
    assert.equal(top.chosen, undefined);
    assert.equal(calibrate([{ score: 0.5, complete: true }], { maxMiss: 1 }).chosen, undefined);
  });

  it('counts as judged what has no score or hit a limit, at every threshold', () => {
    const records: RecallRecord[] = [
      { score: null, complete: false },
      { score: 1, warnings: ['HIT_RETRIEVAL_LIMIT'], complete: false },
      { score: 1, complete: true },
    ];
    const { rows, chosen } = calibrate(records, { maxMiss: 0 });
    assert.equal(chosen?.threshold, 0);
    near(rows[0]!.judged, 2 / 3);
  });

  it("takes a judge's score for a label, at the pass score", () => {
    const records = [0.7, 0.69].map((judgeScore): RecallRecord => ({ score: 0.2, judgeScore }));
    assert.equal(calibrate(records, { maxMiss: 0 }).incomplete, 1);
    assert.equal(calibrate(records, { maxMiss: 0, passScore: 0.6 }).incomplete, 0);
    assert.equal(calibrate([{ score: 0.2, judgeScore: 0, complete: true }], { maxMiss: 0 }).incomplete, 0);
  });

  it('lets an audited request stand for those that were not drawn', () => {
    const records: RecallRecord[] = [
      ...Array.from({ length: 60 }, (): RecallRecord => ({ score: 0.3, judgeScore: 0 })),
      ...Array.from({ length: 990 }, (): RecallRecord => ({ score: 0.9 })),
      ...Array.from({ length: 9 }, (): RecallRecord => ({
        score: 0.9,
        audit: true,
        auditRate: 0.01,
        judgeScore: 1,
      })),
      { score: 0.9, audit: true, auditRate: 0.01, judgeScore: 0 },
    ];
    const { rows, incomplete, unknown } = calibrate(records, { maxMiss: 0.05 });
    assert.deepEqual([incomplete, unknown], [160, 0]);
    const row = rows[70]!;
    near(row.missRate, 100 / 160);
    near(row.falsePass, 0.1);
    // One of ten looked at: nobody is sure.
    near(row.falsePassInterval.low, 0.00253);
    near(row.falsePassInterval.high, 0.44502);
    assert.equal(calibrate(records.slice(0, 1_050), { maxMiss: 0.05 }).unknown, 990);
  });

  it('draws what it found, for eyes and for screen readers', () => {
    const svg = plot(calibrate(RECORDS, { maxMiss: 0.05 }), 0.05);
    assert.match(svg, /^<svg [^>]*role="img"/);
    assert.match(svg, /<desc id="d">Threshold 0\.60 judges 27\.5 % of the requests and misses 5 %/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    assert.equal(svg.match(/<polyline/g)?.length, 2);
    assert.match(
      plot(calibrate([{ score: 1, complete: false }], { maxMiss: 0 }), 0),
      /No threshold misses at most 0 %/,
    );
  });
});

describe('checkDrift', () => {
  it('says drift only when the whole interval lies above the calibrated bound', () => {
    assert.equal(checkDrift({ audited: 19, missed: 19 }, 0.01).state, 'too-few');
    assert.equal(checkDrift({ audited: 20, missed: 20 }, 0.01).state, 'drift');
    assert.equal(checkDrift({ audited: 400, missed: 8 }, 0.02).state, 'ok');
    assert.equal(checkDrift({ audited: 400, missed: 30 }, 0.02).state, 'drift');
    assert.equal(checkDrift({ audited: 0, missed: 0 }, 0.02).rate, undefined);
    assert.match(
      checkDrift({ audited: 400, missed: 30 }, 0.02).reason,
      /30 of 400 .* 7\.5 % .*at most 2\.0 %/,
    );
  });
});

describe('readRecords', () => {
  it('reads columns, gives a score to raw requests, and names what it cannot use', async () => {
    const lines = [
      '{"score":0.5,"complete":false,"field":"total","warnings":["HIT_RETRIEVAL_LIMIT"],"other":1}',
      '',
      '{"score":null,"judgeScore":0.2,"audit":true,"auditRate":0.01,"threshold":0.7}',
      '{"question":"Total?","answer":"Total 77","chunks":[{"text":"Total 77"}],"complete":true}',
      'nonsense',
      '[]',
      '{"complete":true}',
      '{"score":2}',
      '{"score":0.1,"complete":"yes"}',
      '{"score":0.1,"auditRate":0}',
      '{"score":0.1,"judgeScore":-1}',
    ];
    const { records, problems, unusable } = await readRecords(lines);
    assert.deepEqual(records, [
      { score: 0.5, warnings: ['HIT_RETRIEVAL_LIMIT'], complete: false, field: 'total' },
      { score: null, judgeScore: 0.2, audit: true, auditRate: 0.01, threshold: 0.7 },
      { score: 1, complete: true },
    ]);
    assert.equal(unusable, 7);
    assert.deepEqual(
      problems.map(({ line }) => line),
      [5, 6, 7, 8, 9, 10, 11],
    );
  });

  it('names the first twenty problems and counts the rest', async () => {
    const { problems, unusable } = await readRecords(Array.from({ length: 21 }, () => '{'));
    assert.deepEqual([problems.length, unusable], [20, 21]);
  });
});
