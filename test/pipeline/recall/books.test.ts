import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import type { EvaluationInput } from '../../../src/contracts/evaluation.ts';
import { summarise } from '../../../src/evaluation/recall/summary.ts';
import type { RecallEvent, RecallOutcome } from '../../../src/evaluation/recall/types.ts';
import { heuristicVerdict, submissionOf } from '../../../src/evaluation/recall/verdict.ts';
import { RecallBooks, type BooksOptions } from '../../../src/pipeline/recall/books.ts';
import { addToHistory, keepCounts, readAllCounts, writeCounts } from '../../../src/pipeline/recall/counts.ts';
import type { PlacedEvent } from '../../../src/pipeline/recall/messages.ts';
import { memoryBook, SpendFiles } from '../../../src/pipeline/recall/spend-book.ts';
import { heuristic, job } from '../../evaluation/recall/fakes.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(privateFolder(), 'recall-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function event(number: number, over: Partial<RecallEvent> = {}): PlacedEvent {
  const made = job('0.9');
  const outcome = heuristicVerdict(0.9, heuristic(made.input), 0.7);
  const key = `w.${number}`;
  const submit = submissionOf(made, outcome, { key, threshold: 0.7 });
  return {
    event: { key, stage: 'done', submit, outcome, count: ['heuristic'], ...over },
    mark: { folder: '/queue/w', segment: 1, number },
  };
}

function books(over: Partial<BooksOptions> = {}) {
  const log: string[] = [];
  const made = new RecallBooks({
    submit: (input: EvaluationInput) => {
      log.push(`submit ${String(input.metadata!['keepspan.recall_id'])}`);
      return true;
    },
    isLost: () => false,
    mark: (_folder, segment, stage, numbers) => void log.push(`${segment} ${stage} ${numbers.join(',')}`),
    onError: (error) => void log.push(String(error)),
    onCounted: () => undefined,
    ...over,
  });
  return { books: made, log };
}

describe('the books of hybrid recall', () => {
  it('intent, evaluation, mark, answer: in this order, one write for those that stand alike', () => {
    const { books: made, log } = books();
    const answers: RecallOutcome[] = [];
    for (const number of [0, 1, 2]) made.opened(`w.${number}`, (outcome) => answers.push(outcome));
    const { submit: _none, outcome: _nor, ...judging } = event(2).event;
    const through = made.book([
      event(0),
      event(1),
      { ...event(2), event: { ...judging, stage: 'judging', count: [] } },
    ]);
    assert.deepEqual(log, ['1 submitting 0,1', 'submit w.0', 'submit w.1', '1 done 0,1', '1 judging 2']);
    assert.deepEqual(through, ['w.0', 'w.1']);
    assert.equal(answers.length, 2);
    assert.equal(made.open, 1);
    assert.deepEqual(made.counts(), { submitted: 2, heuristic: 2 });
    made.close();
    assert.deepEqual(answers[2], { decision: 'pending' });
  });

  it('a job that is twice in a batch is marked once, as it stands last', () => {
    const { books: made, log } = books();
    const { submit: _none, outcome: _nor, ...judging } = event(0).event;
    made.book([event(1), { ...event(0), event: { ...judging, stage: 'judging' } }, event(0)]);
    assert.deepEqual(
      log.filter((line) => !line.startsWith('submit')),
      ['1 submitting 1,0', '1 done 1,0'],
    );
  });

  it('an evaluation of a span that is lost is held back, counted, and its caller told', () => {
    const { books: made, log } = books({ isLost: () => true });
    let answer: RecallOutcome | undefined;
    made.opened('w.0', (outcome) => (answer = outcome));
    made.book([event(0)]);
    assert.ok(!log.includes('submit w.0'));
    assert.equal(made.counts()['heldBack'], 1);
    assert.equal((answer as { submitted: boolean }).submitted, false);
  });

  it('a disk that refuses a mark does not keep an evaluation back; it is counted', () => {
    const errors: unknown[] = [];
    const { books: made, log } = books({
      mark: () => {
        throw new Error('ENOSPC');
      },
      onError: (error) => errors.push(error),
    });
    made.book([event(0)]);
    assert.deepEqual(log, ['submit w.0']);
    assert.equal(made.counts()['unmarked'], 2);
    assert.equal(errors.length, 2);
  });
});

describe('counts and spending on disk', () => {
  it('counts of folders that are there and of those that are gone add up; none counts twice', (t) => {
    const directory = folder(t);
    for (const id of ['w-1', 'w-2']) {
      mkdirSync(join(directory, id));
      writeCounts(join(directory, id), { requests: 10, heuristic: 7 });
    }
    assert.deepEqual(readAllCounts(directory), { requests: 20, heuristic: 14 });
    assert.equal(keepCounts(directory, join(directory, 'w-1'), 'w-1', 12), true);
    assert.deepEqual(
      readAllCounts(directory),
      { requests: 22, heuristic: 14 },
      'a kill may have cost two counts',
    );
    assert.equal(
      keepCounts(directory, join(directory, 'w-1'), 'w-1', 12),
      true,
      'killed before it was removed',
    );
    assert.equal(readAllCounts(directory)['requests'], 22);
    rmSync(join(directory, 'w-1'), { recursive: true });
    assert.equal(readAllCounts(directory)['requests'], 22);
    addToHistory(directory, { backfilled: 1 });
    assert.equal(readAllCounts(directory)['backfilled'], 1);
  });

  it('what was spent today is known to the next process and to those beside it; yesterday goes', (t) => {
    const directory = folder(t);
    const fail = (error: unknown) => assert.fail(String(error));
    const first = new SpendFiles(directory, fail);
    writeFileSync(join(directory, 'spent-2026-11-21.jsonl'), '{"calls":1,"tokens":1,"usd":1}\n');
    assert.deepEqual(first.read('2026-11-22'), { calls: 0, tokens: 0, usd: 0 });
    first.add('2026-11-22', { calls: 1, tokens: 500, usd: 0.5 });
    const second = new SpendFiles(directory, fail);
    assert.deepEqual(second.read('2026-11-22'), { calls: 1, tokens: 500, usd: 0.5 });
    second.add('2026-11-22', { calls: 0, tokens: -100, usd: -0.25 });
    assert.deepEqual(first.read('2026-11-22'), { calls: 1, tokens: 400, usd: 0.25 });
    assert.deepEqual(first.read('2026-11-23'), { calls: 0, tokens: 0, usd: 0 });
    assert.deepEqual(new SpendFiles(directory, fail).read('2026-11-21'), { calls: 0, tokens: 0, usd: 0 });
  });

  it('a disk that refuses does not make spending unknown: it counts in this process', (t) => {
    const errors: unknown[] = [];
    const made = new SpendFiles(join(folder(t), 'gone'), (error) => errors.push(error));
    made.add('2026-11-22', { calls: 1, tokens: 5, usd: 0 });
    assert.equal(made.read('2026-11-22').tokens, 5);
    assert.ok(errors.length > 0);
    const inMemory = memoryBook();
    inMemory.add('2026-11-22', { calls: 1, tokens: 5, usd: 0 });
    assert.deepEqual([inMemory.read('2026-11-22').tokens, inMemory.read('2026-11-23').tokens], [5, 0]);
  });
});

describe('what it saved and missed', () => {
  it('is a share of the requests, and of the audits; nothing is no share', () => {
    const counts = {
      requests: 100,
      heuristic: 80,
      'needed.below_threshold': 15,
      'needed.limit_hit': 3,
      judged: 12,
      'skipped.judge_down': 6,
      audits: 1,
      'auditSkipped.judge_down': 1,
      auditMisses: 1,
    };
    const { called, savedRatio, missRate, skipped } = summarise(counts);
    assert.deepEqual([called, savedRatio, missRate, skipped], [20, 0.8, 1, { judge_down: 6 }]);
    assert.deepEqual([summarise({}).savedRatio, summarise({}).missRate], [undefined, undefined]);
  });
});
