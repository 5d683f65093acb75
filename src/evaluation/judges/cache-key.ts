import { createHash } from 'node:crypto';
import type { JudgeRequest } from '../../contracts/recall.ts';

/**
 * What an answer of a judge may be kept under: the same for the same question, answer, field and chunks in the same
 * order, under the same judge and prompt. Retrieval scores and ids do not count, for the judge does not see them.
 * 64 hexadecimal digits.
 *
 * @param judge name, model and prompt version: another one judges anew
 */
export function judgeCacheKey(request: JudgeRequest, judge: string): string {
  return createHash('sha256').update(judge).update('\0').update(contentHash(request)).digest('hex');
}

/** SHA-256 of what a judge sees, hexadecimal. */
export function contentHash({ question, answer, field, chunks }: JudgeRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([question, answer, field ?? null, chunks.map(({ text }) => text)]))
    .digest('hex');
}
