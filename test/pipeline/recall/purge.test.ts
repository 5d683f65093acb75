import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { packJob, writeJob } from '../../../src/evaluation/recall/job.ts';
import { RecordCipher } from '../../../src/journal/cipher.ts';
import { openDirectory } from '../../../src/journal/directory.ts';
import { JournalWriter } from '../../../src/journal/writer.ts';
import { countPurge, purge } from '../../../src/pipeline/inspect/purge.ts';
import { readRecallSummary } from '../../../src/pipeline/recall/counts.ts';
import { RecallFolder } from '../../../src/pipeline/recall/folder.ts';
import { appendMarks } from '../../../src/pipeline/recall/marks.ts';
import { RecordFiles } from '../../../src/pipeline/recall/record-book.ts';
import { SPAN } from '../../evaluation/recall/fakes.ts';

const refused = (error: unknown): never => assert.fail(String(error));

const KEY = Buffer.alloc(32, 7);
const EVERYTHING = {
  kinds: ['spans', 'llmSpans', 'evaluations'] as const,
  beforeMs: Number.POSITIVE_INFINITY,
};

/** A queue with six jobs of a process that is gone, at 1, 2, … 6 ms: the first decided, the second skipped. */
function leave(t: TestContext, key?: Buffer) {
  const journal = join(mkdtempSync(join(privateFolder(), 'recall-')), 'journal');
  t.after(() => rmSync(journal, { recursive: true, force: true }));
  openDirectory(journal);
  const directory = openDirectory(join(journal, 'recall'));
  const writer = new JournalWriter({
    directory,
    owner: { queue: 'recall' },
    maxBytes: 1 << 24,
    sync: false,
    key,
  });
  for (let n = 1; n <= 6; n += 1) {
    const input = { question: `question ${n}`, answer: `secret ${n}`, chunks: [{ text: 'a passage' }] };
    const job = writeJob({ input, span: SPAN, label: 'context_recall', tags: undefined, timestampMs: n });
    assert.ok(job.ok);
    const body = Buffer.alloc(job.job.bytes);
    const bytes = packJob(job.job, body);
    assert.equal(writer.append('evaluations', body.subarray(0, bytes), 1, 0, 'judge', n), 'ok');
  }
  writer.close();
  appendMarks(writer.path, 1, 'done', [0]);
  appendMarks(writer.path, 1, 'skipped', [1]);
  new RecordFiles(directory, refused).add([{ id: 'w.0', timeMs: 1, score: 1 }]);
  // Its process is gone.
  const owner = join(writer.path, 'owner.json');
  const before = JSON.parse(readFileSync(owner, 'utf8')) as Record<string, unknown>;
  const gone = () => writeFileSync(owner, JSON.stringify({ ...before, pid: 2 ** 22 + 1 }));
  return { journal, directory, path: writer.path, gone };
}

const holds = (directory: string, text: string): boolean =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text),
  );

describe('purge of the recall queue', () => {
  it('counts, removes all content and says how many had no verdict', (t) => {
    const { journal, directory, path, gone } = leave(t);
    gone();
    assert.equal(countPurge([journal], EVERYTHING).recall, 5);
    assert.ok(holds(journal, 'secret 1'));
    assert.equal(purge([journal], EVERYTHING).recall, 5);
    assert.ok(!holds(journal, 'secret'));
    assert.ok(!existsSync(path));
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('records')),
      [],
    );
    const { requests, dropped } = readRecallSummary(journal)!;
    assert.deepEqual([requests, dropped], [6, { purged: 5 }]);
    assert.equal(purge([journal], EVERYTHING).recall, 0);
  });

  it('of an age: older jobs go in the middle of a file, the others are read as before', (t) => {
    const { journal, path, gone } = leave(t);
    gone();
    const selection = { kinds: ['evaluations'] as const, beforeMs: 4 };
    assert.equal(countPurge([journal], selection).recall, 2);
    assert.equal(purge([journal], selection).recall, 2);
    for (const n of [1, 2, 3]) assert.ok(!holds(path, `secret ${n}`), `secret ${n}`);
    const jobs = new RecallFolder(path, undefined).poll(100);
    assert.deepEqual(
      jobs.map((ref) => [ref.key.split('.').at(-1), ref.load()?.input.answer]),
      [
        ['3', 'secret 4'],
        ['4', 'secret 5'],
        ['5', 'secret 6'],
      ],
    );
    assert.deepEqual(readRecallSummary(journal)!.dropped, { purged: 2 });
  });

  it('sealed jobs go without their key', (t) => {
    const { journal, path, gone } = leave(t, KEY);
    gone();
    assert.equal(purge([journal], { kinds: ['evaluations'], beforeMs: 4 }).recall, 2);
    assert.equal(new RecallFolder(path, undefined).poll(9).length, 0);
    assert.equal(new RecallFolder(path, new RecordCipher(KEY)).poll(9).length, 3);
    assert.equal(purge([journal], EVERYTHING).recall, 3);
    assert.ok(!existsSync(path));
  });

  it('refuses while its process runs, and leaves it alone where other kinds are purged', (t) => {
    const { journal } = leave(t);
    assert.throws(() => purge([journal], EVERYTHING), { code: 'KS-PURGE-001' });
    assert.ok(holds(journal, 'secret 6'));
    assert.equal(purge([journal], { kinds: ['llmSpans'], beforeMs: Number.POSITIVE_INFINITY }).recall, 0);
    assert.ok(holds(journal, 'secret 6'));
  });
});
