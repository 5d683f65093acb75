import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listSegments, listWriters, segmentFile } from '../../journal/directory.ts';
import { unlinkIfThere } from '../../journal/eviction.ts';
import { releaseClaim, takeClaim } from '../../journal/numbered-claim.ts';
import { readRecords, type JournalRecord } from '../../journal/reader.ts';
import { addToHistory, keepCounts } from './counts.ts';
import { EVALUATOR_CLAIM, isGoneForGood, recallDirectory } from './directory.ts';
import { RecallFolder } from './folder.ts';
import { marksFile, readMarks } from './marks.ts';
import { RECORD_FILES } from './record-book.ts';

/** Jobs without a verdict that came into the queue of a journal before a wall-clock ms. Changes nothing. */
export function countQueue(journal: string, beforeMs: number): number {
  return listWriters(recallDirectory(journal)).reduce(
    (sum, path) =>
      sum + segmentsOf(path).reduce((jobs, segment) => jobs + openBefore(path, segment, beforeMs).length, 0),
    0,
  );
}

/** @returns the folders of the queue that are now claimed, and those that somebody else has */
export function claimQueue(journal: string, instance: string): { claimed: string[]; inUse: string[] } {
  const claimed: string[] = [];
  const inUse: string[] = [];
  for (const path of listWriters(recallDirectory(journal))) {
    const slot = { folder: path, name: EVALUATOR_CLAIM };
    (isGoneForGood(path) && takeClaim(slot, instance) ? claimed : inUse).push(path);
  }
  return { claimed, inUse };
}

export function releaseQueue(claimed: readonly string[], instance: string): void {
  for (const folder of claimed) releaseClaim({ folder, name: EVALUATOR_CLAIM }, instance);
}

/**
 * Removes jobs for good, those with a verdict, too: the bytes of content go. What had no verdict is counted as
 * `dropped.purged`. No key is needed. Records of decisions, which hold no content, go when everything goes.
 *
 * @throws what the file system throws
 */
export function purgeQueue(journal: string, claimed: readonly string[], beforeMs: number): number {
  const directory = recallDirectory(journal);
  let purged = 0;
  for (const path of claimed) {
    // Everything in it, before anything goes: how many jobs it ever held.
    const before = new RecallFolder(path, undefined);
    before.poll(Number.POSITIVE_INFINITY);
    for (const segment of segmentsOf(path)) purged += purgeSegment(path, segment, beforeMs);
    const after = new RecallFolder(path, undefined);
    const open = after.poll(Number.POSITIVE_INFINITY).length + after.sealed;
    if (open === 0 && keepCounts(directory, path, basename(path), before.jobs)) after.remove();
  }
  if (purged > 0) addToHistory(directory, { 'dropped.purged': purged });
  if (beforeMs === Number.POSITIVE_INFINITY)
    for (const name of RECORD_FILES) unlinkIfThere(join(directory, name));
  return purged;
}

function purgeSegment(path: string, segment: number, beforeMs: number): number {
  const purged = openBefore(path, segment, beforeMs).length;
  const file = segmentFile(path, { kind: 'evaluations', number: segment });
  const kept = recordsOf(path, segment).filter(({ header }) => header.timeMs >= beforeMs);
  if (kept.length === 0) {
    unlinkIfThere(file);
    unlinkIfThere(marksFile(path, segment));
    return purged;
  }
  // A record says itself which job it is: what stays needs nothing of what stood before it.
  const bytes = readFileSync(file);
  const draft = `${file}.${process.pid}.tmp`;
  const rest = kept.map(({ startOffset, endOffset }) => bytes.subarray(startOffset, endOffset));
  writeFileSync(draft, Buffer.concat(rest), { mode: 0o600 });
  renameSync(draft, file);
  return purged;
}

function openBefore(path: string, segment: number, beforeMs: number): JournalRecord[] {
  const marks = readMarks(path, segment);
  return recordsOf(path, segment).filter(({ header: { before: number, timeMs } }) => {
    const stage = marks.get(number);
    return timeMs < beforeMs && stage !== 'done' && stage !== 'dropped';
  });
}

/** A segment is a few MiB at most. */
function recordsOf(path: string, segment: number): readonly JournalRecord[] {
  const file = segmentFile(path, { kind: 'evaluations', number: segment });
  return readRecords(file, 0, Number.MAX_SAFE_INTEGER).records;
}

function segmentsOf(path: string): number[] {
  return listSegments(path).segments.map(({ number }) => number);
}
