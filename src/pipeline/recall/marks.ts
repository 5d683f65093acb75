import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Stage } from '../../evaluation/recall/types.ts';
import { codeOf } from '../../journal/directory.ts';

/** Where a job stands in the queue: the segment of its folder, and its number among the folder's jobs. */
export interface JobPlace {
  readonly segment: number;
  readonly number: number;
}

type MarkedStage = Exclude<Stage, 'queued'>;

const STAGES: readonly MarkedStage[] = ['judging', 'submitting', 'audit', 'skipped', 'done', 'dropped'];

/** What became of the jobs of a segment stands beside it, and goes with it. */
export function marksFile(folder: string, segment: number): string {
  return join(folder, `evaluations-${String(segment).padStart(6, '0')}.marks`);
}

/**
 * Says where jobs of one segment stand now, in one write: a line with its checksum. Holds no content.
 *
 * @throws what the file system throws; the line may then be written again
 */
export function appendMarks(
  folder: string,
  segment: number,
  stage: MarkedStage,
  numbers: readonly number[],
): void {
  const text = `${stage} ${numbers.join(',')}`;
  // Begins a line of its own whatever stands before it: a full disk may have torn the last one.
  const line = Buffer.from(`\n${checksumOf(text)} ${text}\n`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const fd = openSync(marksFile(folder, segment), flags, 0o600);
  try {
    if (writeSync(fd, line) < line.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
  } finally {
    closeSync(fd);
  }
}

/** The last mark of each job of a segment; lines that are torn are passed over. */
export function readMarks(folder: string, segment: number): ReadonlyMap<number, MarkedStage> {
  const marks = new Map<number, MarkedStage>();
  let text: string;
  try {
    text = readFileSync(marksFile(folder, segment), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return marks;
    throw error;
  }
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{8}) (([a-z]+) ([\d,]+))$/.exec(line);
    if (match === null || match[1] !== checksumOf(match[2]!)) continue;
    const stage = STAGES.find((known) => known === match[3]);
    if (stage !== undefined) for (const number of match[4]!.split(',')) marks.set(Number(number), stage);
  }
  return marks;
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
