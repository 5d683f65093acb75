import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { before, describe, it } from 'node:test';
import type { StudyDocument } from './study/corpus.ts';
import {
  clusteredInterval,
  measure,
  type Measured,
  requestsOf,
  row,
  scoreAll,
  SETTINGS,
} from './study/measure.ts';
import { loadSelection, sideOf } from './study/selection.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
/** The others are in the full run: the same documents, without the manifest line that answers. */
const MEASURED = Object.keys(SETTINGS).filter(
  (setting) => process.env['KEEPSPAN_TEST_FULL'] === '1' || setting.startsWith('labelled'),
);
/** Of staging and production. */
const THRESHOLD = 0.7;

describe('the recall study on package documents', () => {
  let test: readonly StudyDocument[] = [];
  let tuning: readonly StudyDocument[] = [];
  let missing: readonly string[] = [];
  const found = new Map<string, Measured>();

  before(() => {
    const selection = loadSelection(MODULES);
    missing = selection.missing;
    test = selection.documents.filter((document) => sideOf(document) === 'test');
    tuning = selection.documents.filter((document) => sideOf(document) === 'tuning');
    for (const setting of MEASURED) {
      const requests = requestsOf(test, setting);
      found.set(setting, measure(scoreAll(requests), THRESHOLD));
      found.set(`${setting} counting`, measure(scoreAll(requests, { method: 'counting' }), THRESHOLD));
    }
  });

  it('reads at least 300 test documents with five fields or more, none of them a sibling of a tuning document', (t) => {
    t.diagnostic(`${test.length} test documents, ${tuning.length} to tune on, ${missing.length} missing`);
    assert.ok(test.length >= 300, `${test.length} documents; missing: ${missing.slice(0, 10).join(', ')}`);
    const groups = new Set(tuning.map(({ group }) => group));
    assert.deepEqual(
      test.filter(({ group }) => groups.has(group)).map(({ name }) => name),
      [],
    );
  });

  it('judges at most a fifth of the requests, and at least 95 % of the incomplete ones', (t) => {
    const labelled = found.get('labelled')!;
    for (const [name, measured] of found) t.diagnostic(row(name, measured));
    assert.ok(labelled.requests >= 1_500, String(labelled.requests));
    assert.ok(Math.abs(labelled.incomplete / labelled.requests - 0.1) < 0.01, String(labelled.incomplete));
    assert.ok(labelled.judgedInterval.high <= 0.2, row('judged', labelled));
    assert.ok(labelled.caughtShare >= 0.95, row('caught', labelled));
    // Most of what is caught is caught by what is said, not by saying nothing: empty answers are at most two thirds.
    assert.ok(
      found.get('labelledKnowing')!.caughtShare >= 0.95,
      row('knowing', found.get('labelledKnowing')!),
    );
  });

  it('of all requests that lose their fact, at least 95 % are judged, with confidence', (t) => {
    const all = found.get('labelledAllCut')!;
    assert.equal(all.incomplete, all.requests);
    assert.ok(all.caughtInterval.low >= 0.95, row('all cut', all));
    const scored = scoreAll(requestsOf(test, 'labelledAllCut'));
    const { low, high } = clusteredInterval(scored, test, THRESHOLD);
    t.diagnostic(`by owner: ${(low * 100).toFixed(1)} % to ${(high * 100).toFixed(1)} %`);
    assert.ok(low >= 0.95, String(low));
  });

  it('does better than counting chunks, on both sides', () => {
    const labelled = found.get('labelled')!;
    const counting = found.get('labelled counting')!;
    assert.ok(counting.judgedShare > 2 * labelled.judgedShare);
    assert.ok(counting.caughtShare < labelled.caughtShare);
  });

  it('finds the figures that docs/facts/evaluation.md publishes', (t) => {
    if (missing.length > 0) {
      t.diagnostic('another selection than the published one: figures are not compared');
      return;
    }
    const counts = Object.fromEntries(
      [...found].map(([name, { requests, incomplete, judged, caught }]) => [
        name,
        [requests, incomplete, judged, caught],
      ]),
    );
    const published = Object.entries(PUBLISHED).filter(([name]) => found.has(name));
    assert.equal(published.length, MEASURED.length * 2);
    assert.deepEqual(counts, Object.fromEntries(published));
  });
});

/** Requests, incomplete, judged, incomplete and judged. */
const PUBLISHED = {
  labelled: [2092, 209, 294, 202],
  'labelled counting': [2092, 209, 1664, 189],
  labelledAllCut: [2092, 2092, 2043, 2043],
  'labelledAllCut counting': [2092, 2092, 1896, 1896],
  labelledKnowing: [2092, 209, 406, 209],
  'labelledKnowing counting': [2092, 209, 1718, 184],
  prose: [1319, 159, 957, 135],
  'prose counting': [1319, 159, 1168, 138],
  proseQuery: [1319, 159, 393, 114],
  'proseQuery counting': [1319, 159, 1168, 138],
};
