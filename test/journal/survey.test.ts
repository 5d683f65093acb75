import assert from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { evictedFile, segmentFile } from '../../src/journal/directory.ts';
import { evict } from '../../src/journal/eviction.ts';
import { OutcomeLog } from '../../src/journal/outcomes.ts';
import { surveyWriter } from '../../src/journal/survey.ts';
import type { JournalWriter } from '../../src/journal/writer.ts';
import { json, readStream, tempDir, writerIn } from './support.ts';

function endOwner(writer: JournalWriter): void {
  const file = join(writer.path, 'owner.json');
  writeFileSync(file, JSON.stringify({ ...json(file), pid: 2 ** 22 + 1, thread: '' }));
}

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at]! ^= 4;
  writeFileSync(file, bytes);
};

test('what is pending is what the records hold beyond the log of the deliverer', (t) => {
  const writer = writerIn(tempDir(t), { owner: { service: 'shop' } });
  for (const count of [2, 3, 4]) writer.append('spans', 'x', count);
  writer.append('evaluations', 'e', 1);
  const log = new OutcomeLog(join(writer.path, 'outcomes.jsonl'));
  const [first, second] = readStream(writer.path, 'spans');
  log.resolve('spans', { segment: 1, offset: first!.endOffset, signals: 2 }, { delivered: 2 });
  log.maybeTwice('spans', 2);
  const survey = surveyWriter(writer.path)!;
  assert.equal(survey.owner['service'], 'shop');
  assert.deepEqual(survey.streams.spans, {
    held: 9,
    outcomes: { delivered: 2 },
    maybeTwice: 2,
    oldestMs: second!.header.timeMs,
    end: { segment: 1, offset: first!.endOffset * 3, signals: 9 },
  });
  assert.equal(survey.streams.evaluations.held, 1);
  assert.deepEqual(survey.streams.llmSpans, {
    held: 0,
    outcomes: {},
    maybeTwice: 0,
    oldestMs: undefined,
    end: { segment: 0, offset: 0, signals: 0 },
  });
  log.close();
  writer.close();
});

test('every state of a process: running, ended cleanly, killed, being removed', (t) => {
  const writer = writerIn(tempDir(t));
  writer.page.write();
  assert.equal(surveyWriter(writer.path)?.state, 'running');
  endOwner(writer);
  assert.equal(surveyWriter(writer.path)?.state, 'killed');
  writer.close();
  assert.equal(surveyWriter(writer.path)?.state, 'clean');
  rmSync(join(writer.path, 'counters'));
  assert.equal(surveyWriter(writer.path)?.state, 'killed', 'without a page');
  assert.equal(surveyWriter(writer.path)?.page, undefined);
  rmSync(join(writer.path, 'owner.json'));
  assert.equal(surveyWriter(writer.path), undefined);
  rmSync(writer.path, { recursive: true });
  assert.equal(surveyWriter(writer.path), undefined);
});

test('damage and evictions are counted before the deliverer has seen them', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: 1024 * 1024 });
  const file = (number: number): string => segmentFile(writer.path, { kind: 'spans', number });
  for (const count of [1, 2, 4, 8]) writer.append('spans', new Uint8Array(30_000), count); // Two a segment.
  writer.append('spans', new Uint8Array(30_000), 16);
  flip(file(1), 40);
  assert.deepEqual(surveyWriter(writer.path)!.streams.spans.outcomes, { 'lost.corrupt': 1 });
  assert.equal(surveyWriter(writer.path)!.streams.spans.held, 31);
  evict(writer.path, { kind: 'spans', number: 1 }, { before: 0, count: 3 });
  assert.deepEqual(surveyWriter(writer.path)!.streams.spans.outcomes, { 'dropped.journal_full': 3 });
  // A marker beside its segment: the marker is believed.
  const second = readFileSync(file(2));
  evict(writer.path, { kind: 'spans', number: 2 }, { before: 3, count: 12 });
  writeFileSync(file(2), second);
  assert.deepEqual(surveyWriter(writer.path)!.streams.spans.outcomes, { 'dropped.journal_full': 15 });
  // A marker that power loss left empty: what is missing shows as damage.
  truncateSync(evictedFile(writer.path, { kind: 'spans', number: 2 }), 0);
  assert.deepEqual(surveyWriter(writer.path)!.streams.spans.outcomes, {
    'dropped.journal_full': 3,
    'lost.corrupt': 12,
  });
  // What the deliverer resolved of an evicted segment is not dropped as well.
  evict(writer.path, { kind: 'spans', number: 2 }, { before: 3, count: 12 });
  const log = new OutcomeLog(join(writer.path, 'outcomes.jsonl'));
  log.resolve('spans', { segment: 2, offset: 30_040, signals: 7 }, { delivered: 7 });
  assert.deepEqual(surveyWriter(writer.path)!.streams.spans.outcomes, {
    delivered: 7,
    'dropped.journal_full': 8,
  });
  log.close();
  writer.close();
});

test('a resolved segment that a crash left behind holds nothing any more', (t) => {
  const writer = writerIn(tempDir(t));
  for (const count of [2, 3]) writer.append('spans', 'x', count);
  const log = new OutcomeLog(join(writer.path, 'outcomes.jsonl'));
  log.resolve('spans', { segment: 2, offset: 0, signals: 7 }, { delivered: 5, 'lost.corrupt': 2 });
  const { held, outcomes, oldestMs } = surveyWriter(writer.path)!.streams.spans;
  assert.deepEqual([held, outcomes, oldestMs], [7, { delivered: 5, 'lost.corrupt': 2 }, undefined]);
  log.close();
  writer.close();
});
