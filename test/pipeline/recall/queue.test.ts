import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import {
  MAX_JOB_BYTES,
  packJob,
  readJob,
  writeJob,
  type PackedJob,
} from '../../../src/evaluation/recall/job.ts';
import { RecordCipher } from '../../../src/journal/cipher.ts';
import { RecallFolder } from '../../../src/pipeline/recall/folder.ts';
import { LostSpans } from '../../../src/pipeline/recall/lost-spans.ts';
import { appendMarks, marksFile, readMarks } from '../../../src/pipeline/recall/marks.ts';
import { MemoryJobs } from '../../../src/pipeline/recall/memory-jobs.ts';
import { RecallQueue, type QueueOptions } from '../../../src/pipeline/recall/queue.ts';
import { SPAN } from '../../evaluation/recall/fakes.ts';

const MIB = 1024 * 1024;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(privateFolder(), 'recall-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'recall');
}

function open(t: TestContext, over: Partial<QueueOptions> = {}): RecallQueue {
  const queue = new RecallQueue({
    directory: folder(t),
    key: undefined,
    sync: false,
    maxBytes: 4 * MIB,
    maxJobs: 1000,
    ...over,
  });
  t.after(() => queue.close());
  return queue;
}

function text(answer: string, chunk = 'a passage'): PackedJob {
  const input = { question: 'who?', answer, chunks: [{ text: chunk }] };
  const written = writeJob({ input, span: SPAN, label: 'context_recall', tags: undefined, timestampMs: 1 });
  assert.ok(written.ok);
  return written.job;
}

function packed(job: PackedJob): Buffer {
  const buffer = Buffer.alloc(job.bytes);
  return buffer.subarray(0, packJob(job, buffer));
}

function bytesBelow(path: string): number {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.seg'))
    .reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}

describe('a job as text', () => {
  const fields = { span: SPAN, label: 'context_recall', tags: undefined, timestampMs: 1 };

  it('comes back as it was, without what is not ours and without numbers that are none', () => {
    const input = {
      question: 'wer? 🦊',
      query: 'wer wen',
      answer: 'שלום',
      chunks: [{ text: '中文', score: Number.NaN, id: 'c', secret: 'x' }],
      limits: { retrieved: 3, retrievalLimit: Number.POSITIVE_INFINITY },
      field: 'f',
    };
    const written = writeJob({ ...fields, input });
    assert.ok(written.ok);
    assert.deepEqual(readJob(packed(written.job)), {
      input: {
        question: 'wer? 🦊',
        query: 'wer wen',
        answer: 'שלום',
        chunks: [{ text: '中文', id: 'c' }],
        limits: { retrieved: 3 },
        field: 'f',
      },
      span: SPAN,
      label: 'context_recall',
      timestampMs: 1,
    });
    assert.equal(readJob(Buffer.from('{"input":{}}\n')), undefined);
    assert.equal(readJob(Buffer.from('torn')), undefined);
  });

  it('the last that fits, and the first that does not; 10 MB are seen from their length', () => {
    const of = (chars: number, char: string) =>
      writeJob({ ...fields, input: { question: '', answer: '', chunks: [{ text: char.repeat(chars) }] } });
    for (const [char, bytesEach] of [
      ['a', 1],
      ['ä', 1],
      ['中', 2],
    ] as const) {
      let chars = Math.floor(MAX_JOB_BYTES / bytesEach);
      let written = of(chars, char);
      assert.deepEqual(written, { ok: false, reason: 'too_large' });
      while (!written.ok) written = of(--chars, char);
      const { length } = packed(written.job);
      assert.ok(length <= MAX_JOB_BYTES && length > MAX_JOB_BYTES - 3, `${char}: ${length}`);
      assert.equal(readJob(packed(written.job))!.input.chunks[0]!.text, char.repeat(chars));
    }
    assert.deepEqual(of(10_000_000, 'a'), { ok: false, reason: 'too_large' });
  });

  it('any characters come back, and a text that is cut is no job', () => {
    const texts = ['', 'a', '\0ÿ', 'ab\n"\\', '“a”', 'x', '\ud83d', '🦊\udc00 é', 'z'.repeat(999), '中'];
    const input = { question: '“?”', answer: 'ü', chunks: texts.map((chunk) => ({ text: chunk })) };
    const written = writeJob({ ...fields, input });
    assert.ok(written.ok);
    const bytes = packed(written.job);
    assert.deepEqual(
      readJob(bytes)!.input.chunks.map((chunk) => chunk.text),
      texts,
    );
    // As it stands in a record: behind a preamble of any length.
    const shifted = Buffer.concat([Buffer.from('x'), bytes]).subarray(1);
    assert.deepEqual(readJob(shifted)!.input.chunks.at(-2), { text: 'z'.repeat(999) });
    assert.equal(readJob(bytes.subarray(0, -1)), undefined);
  });

  it('says what is wrong with an input', () => {
    for (const input of [
      undefined,
      {},
      { question: 'q', answer: 1 },
      { question: 'q', answer: 'a', chunks: [{}] },
    ]) {
      const written = writeJob({ ...fields, input: input as never });
      assert.ok(!written.ok && written.reason === 'invalid', JSON.stringify(input));
    }
    assert.ok(!writeJob({ ...fields, label: '1st', input: { question: '', answer: '', chunks: [] } }).ok);
  });
});

describe('the queue on disk', () => {
  it('bound in jobs: the last accepted and the first refused', (t) => {
    const queue = open(t, { maxJobs: 3 });
    for (let i = 0; i < 3; i++) assert.equal(queue.append(text('a'), 'judge', i).ok, true);
    assert.deepEqual(queue.append(text('a'), 'judge', 3), { ok: false, why: 'full' });
    assert.equal(queue.append(text('a'), 'judge', 2).ok, true);
  });

  it('bound in bytes: never above it on disk, nothing older is given up, and room comes back by the segment', (t) => {
    const queue = open(t, { maxBytes: MIB, maxJobs: 100_000 });
    const jobs: string[] = [];
    const one = text('a', 'x'.repeat(10_000));
    for (;;) {
      const appended = queue.append(one, 'judge', 0);
      if (!appended.ok) {
        assert.equal(appended.why, 'full');
        break;
      }
      jobs.push(appended.key);
    }
    assert.ok(bytesBelow(queue.path) <= MIB);
    assert.ok(bytesBelow(queue.path) > MIB - 2 * one.bytes, 'the bound is used');
    const reader = new RecallFolder(queue.path, undefined);
    const refs = reader.poll(Infinity);
    assert.deepEqual(
      refs.map(({ key }) => key),
      jobs,
    );
    assert.equal(reader.clean(), 0, 'all of it waits');
    for (let i = 0; i < refs.length / 2; i++) reader.forget(i);
    const freed = reader.clean();
    assert.ok(freed > 0 && freed < MIB);
    queue.freed(freed);
    assert.equal(queue.append(one, 'judge', 0).ok, true);
    assert.equal(refs.at(-1)!.load()!.input.chunks[0]!.text.length, 10_000);
    assert.equal(refs[0]!.load(), undefined, 'its segment is gone');
  });

  it('10,000 jobs without a verdict hold no content in memory', (t) => {
    const queue = open(t, { maxBytes: 512 * MIB, maxJobs: 10_000 });
    const one = text('a', 'x'.repeat(5000));
    for (let i = 0; i < 10_000; i++) assert.equal(queue.append(one, 'judge', i).ok, true);
    assert.equal(queue.append(one, 'judge', 10_000).ok, false);
    const reader = new RecallFolder(queue.path, undefined);
    const before = process.memoryUsage();
    const refs = reader.poll(Infinity);
    globalThis.gc?.();
    const after = process.memoryUsage();
    assert.equal(refs.length, 10_000);
    const grownMiB = (after.heapUsed - before.heapUsed) / MIB;
    assert.ok(grownMiB < 25, `${grownMiB.toFixed(1)} MiB of heap for 50 MB of content`);
  });

  it('is read as it grows, in the order of the calls, with each job where it stands', (t) => {
    const queue = open(t);
    const reader = new RecallFolder(queue.path, undefined);
    assert.deepEqual(reader.poll(10), []);
    for (const answer of ['a', 'b', 'c']) queue.append(text(answer), `judge-${answer}`, 0);
    const refs = reader.poll(10);
    assert.deepEqual(
      refs.map(({ stage, judge, durable, load }) => [stage, judge, durable, load()!.input.answer]),
      [
        ['queued', 'judge-a', true, 'a'],
        ['queued', 'judge-b', true, 'b'],
        ['queued', 'judge-c', true, 'c'],
      ],
    );
    assert.deepEqual(reader.poll(10), []);
    const place = reader.place(1)!;
    appendMarks(queue.path, place.segment, 'submitting', [0, 1]);
    appendMarks(queue.path, place.segment, 'done', [0]);
    appendMarks(queue.path, place.segment, 'skipped', [2]);
    const again = new RecallFolder(queue.path, undefined).poll(10);
    assert.deepEqual(
      again.map(({ key, stage }) => [key, stage]),
      [
        [`${queue.id}.1`, 'submitting'],
        [`${queue.id}.2`, 'skipped'],
      ],
    );
  });

  it('sealed: read with its key alone; without it jobs are held, not given up', (t) => {
    const key = Buffer.alloc(32, 7);
    const queue = open(t, { key });
    queue.append(text('a secret'), 'judge', 0);
    const [ref] = new RecallFolder(queue.path, new RecordCipher(key)).poll(10);
    assert.equal(ref!.load()!.input.answer, 'a secret');
    for (const cipher of [undefined, new RecordCipher(Buffer.alloc(32, 8))]) {
      const reader = new RecallFolder(queue.path, cipher);
      assert.deepEqual([reader.poll(10).length, reader.sealed, reader.open], [0, 1, 1]);
    }
  });
});

describe('marks', () => {
  it('a torn line is passed over, and the next one stands', (t) => {
    const queue = open(t);
    appendMarks(queue.path, 1, 'judging', [0, 1, 2]);
    appendFileSync(marksFile(queue.path, 1), 'abcdef01 done 0,1');
    appendMarks(queue.path, 1, 'done', [2]);
    appendFileSync(marksFile(queue.path, 1), '\n00000000 done 1\n');
    assert.deepEqual(
      [...readMarks(queue.path, 1)],
      [
        [0, 'judging'],
        [1, 'judging'],
        [2, 'done'],
      ],
    );
    assert.equal(readMarks(queue.path, 2).size, 0);
    assert.equal(statSync(marksFile(queue.path, 1)).mode & 0o777, 0o600);
  });
});

describe('bounded memory', () => {
  it('jobs that are not on disk: the last accepted, the first refused, and room again', () => {
    const jobs = new MemoryJobs(2 * (text('a').bytes + 300));
    const first = jobs.add(text('a'), 'judge', 1)!;
    assert.equal(readJob(Buffer.from(first.packed))!.input.answer, 'a');
    assert.ok(jobs.add(text('a'), 'judge', 1));
    assert.equal(jobs.add(text('a'), 'judge', 1), undefined);
    jobs.remove(first.key);
    assert.ok(jobs.add(text('a'), 'judge', 1));
    const many = new MemoryJobs();
    for (let i = 0; i < 1000; i++) assert.ok(many.add(text('a'), 'judge', 1));
    assert.equal(many.add(text('a'), 'judge', 1), undefined);
  });

  it('lost spans: the oldest are forgotten', () => {
    const lost = new LostSpans(2);
    for (const id of ['1', '2', '3']) lost.add(id);
    assert.deepEqual([lost.size, lost.has('1'), lost.has('2'), lost.has('3')], [2, false, true, true]);
  });
});
