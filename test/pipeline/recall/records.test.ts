import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { calibrate } from '../../../src/evaluation/calibration/calibrate.ts';
import { readRecords } from '../../../src/evaluation/calibration/read-records.ts';
import { queueRecords } from '../../../src/pipeline/recall/backfill.ts';
import { LostSpans } from '../../../src/pipeline/recall/lost-spans.ts';
import { Recall } from '../../../src/pipeline/recall/recall.ts';
import { readRecordFiles, RecordFiles, type KeptRecord } from '../../../src/pipeline/recall/record-book.ts';
import { warningCounts } from '../../../src/selfmetrics/warnings.ts';
import { loadSettings } from '../../../src/settings/load.ts';
import { SPAN } from '../../evaluation/recall/fakes.ts';

const refused = (error: unknown): never => assert.fail(String(error));

function folder(t: TestContext): string {
  const path = mkdtempSync(join(privateFolder(), 'recall-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const record = (id: string, timeMs: number, over: Partial<KeptRecord> = {}): KeptRecord => ({
  id,
  timeMs,
  score: 0.9,
  threshold: 0.7,
  ...over,
});

describe('records of decisions', () => {
  it('one a request: what was said of it last, since a time', (t) => {
    const directory = folder(t);
    const files = new RecordFiles(directory, refused);
    files.add([record('a', 1), record('b', 2)]);
    files.add([record('a', 3, { judgeScore: 0.2, audit: true, auditRate: 0.01 })]);
    appendFileSync(join(directory, 'records.jsonl'), '{"id":"torn","sc\n{"score":1}\n');
    assert.deepEqual(
      readRecordFiles(directory).map(({ id, judgeScore }) => [id, judgeScore]),
      [
        ['b', undefined],
        ['a', 0.2],
      ],
    );
    assert.deepEqual(
      readRecordFiles(directory, 3).map(({ id }) => id),
      ['a'],
    );
    assert.equal(statSync(join(directory, 'records.jsonl')).mode & 0o777, 0o600);
  });

  it('two files of bounded size, the oldest lines go; two writers turn them once', (t) => {
    const directory = folder(t);
    const both = [0, 1].map(() => new RecordFiles(directory, refused, 2000));
    for (let n = 0; n < 200; n += 1) both[n % 2]!.add([record(`w.${n}`, n)]);
    const bytes = ['records.jsonl', 'records.old.jsonl'].map(
      (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0,
    );
    assert.ok(
      bytes.every((size) => size < 2100),
      String(bytes),
    );
    const kept = readRecordFiles(directory);
    assert.ok(kept.length >= 25 && kept.length < 80, String(kept.length));
    assert.equal(kept.at(-1)!.id, 'w.199');
    assert.deepEqual(
      kept.map(({ timeMs }) => timeMs),
      Array.from({ length: kept.length }, (_, i) => 200 - kept.length + i),
    );
  });

  it('a disk that refuses is said, and nothing throws', (t) => {
    const errors: unknown[] = [];
    new RecordFiles(join(folder(t), 'not-there'), (error) => errors.push(error)).add([record('a', 1)]);
    assert.equal(errors.length, 1);
  });
});

/** Hybrid recall as a session has it, with a judge in this process. */
function recallIn(t: TestContext, env: Record<string, string>, score: (question: string) => number) {
  const journal = folder(t);
  const { settings } = loadSettings({
    env: { KEEPSPAN_JUDGE_CALLS_PER_MINUTE: '1000000', KEEPSPAN_JOURNAL_DIR: journal, ...env },
  });
  const recall = new Recall({
    settings,
    journal,
    key: undefined,
    env: {},
    slot: { current: undefined },
    lost: new LostSpans(),
    keepsContent: true,
    submit: () => true,
  });
  t.after(() => recall.stop());
  recall.setJudge(async ({ question }) => ({ score: score(question) }));
  return { recall, journal };
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > endMs) assert.fail(`${what}: not within 30 s`);
    await pause(10);
  }
}

const api = (): void => undefined;
const good = (n: number) => ({
  question: `What is the licence of package ${n}?`,
  answer: 'Apache-2.0',
  chunks: [{ text: `The licence of package ${n} is Apache-2.0.` }],
  field: 'licence',
  span: SPAN,
});

describe('hybrid recall in production', () => {
  it('what it decided is what `keepspan calibrate` reads, and nothing of the content is among it', async (t) => {
    const { recall, journal } = recallIn(t, { KEEPSPAN_RECALL_AUDIT_RATE: '1' }, () => 0.9);
    for (let n = 0; n < 10; n += 1) recall.evaluate(good(n), api);
    for (let n = 0; n < 5; n += 1)
      recall.evaluate({ ...good(n), answer: 'Zanzibar Public License 1987' }, api);
    await until(() => recall.summary().waiting === 0, 'all decided');
    await recall.stop();
    const kept = queueRecords(journal, 0);
    assert.equal(kept.length, 15);
    assert.doesNotMatch(JSON.stringify(kept), /Zanzibar|Apache|package/);
    const { records, unusable } = await readRecords(kept.map((each) => JSON.stringify(each)));
    assert.equal(unusable, 0);
    assert.deepEqual(
      records.map(({ field, auditRate, threshold, judgeScore }) => [field, auditRate, threshold, judgeScore]),
      Array.from({ length: 15 }, () => ['licence', 1, 0.7, 0.9]),
    );
    assert.equal(records.filter(({ audit }) => audit === true).length, 10);
    assert.equal(calibrate(records, { maxMiss: 0.05 }).labelled, 15);
    assert.deepEqual(
      readdirSync(join(journal, 'recall')).filter((name) => name.startsWith('records')),
      ['records.jsonl'],
    );
  });

  it('drift: a judge who fails what passes is a warning and stands in health().evaluation', async (t) => {
    const before = warningCounts()['KS-EVAL-008'] ?? 0;
    const env = { KEEPSPAN_RECALL_AUDIT_RATE: '1', KEEPSPAN_RECALL_MAX_FALSE_PASS: '0.1' };
    const { recall } = recallIn(t, env, (question) => (/[02468]\?/.test(question) ? 0.1 : 0.9));
    for (let n = 0; n < 19; n += 1) recall.evaluate(good(n), api);
    await until(() => recall.summary().audits === 19, 'nineteen audited');
    assert.equal(recall.summary().drift.state, 'too-few');
    recall.evaluate(good(19), api);
    await until(() => recall.summary().audits === 20, 'twenty audited');
    const { drift, missRate, auditMisses } = recall.summary();
    assert.deepEqual([drift.state, drift.rate, missRate, auditMisses], ['drift', 0.5, 0.5, 10]);
    assert.equal(warningCounts()['KS-EVAL-008'], before + 1);
  });

  it('no drift within the bound', async (t) => {
    const before = warningCounts()['KS-EVAL-008'] ?? 0;
    const { recall } = recallIn(t, { KEEPSPAN_RECALL_AUDIT_RATE: '1' }, () => 0.9);
    for (let n = 0; n < 40; n += 1) recall.evaluate(good(n), api);
    await until(() => recall.summary().audits === 40, 'all audited');
    assert.equal(recall.summary().drift.state, 'ok');
    assert.equal(warningCounts()['KS-EVAL-008'] ?? 0, before);
  });
});
