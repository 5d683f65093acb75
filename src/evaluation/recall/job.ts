import type { RecallChunk, RecallInput, RetrievalLimits } from '../../contracts/recall.ts';
import type { ExportedSpan } from '../../contracts/signal.ts';
import type { RecallJob } from './types.ts';

/** Largest job that is queued, in bytes of JSON: question, answer, context and names. */
export const MAX_JOB_BYTES = 256 * 1024;

const LABEL = /^[A-Za-z]\w{0,180}$/;

/** A job as the text that is queued, or why there is none. */
export type WrittenJob =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: 'too_large' }
  | { readonly ok: false; readonly reason: 'invalid'; readonly why: string };

export interface JobFields {
  readonly input: RecallInput;
  readonly span: ExportedSpan;
  readonly label: string;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly timestampMs: number;
}

/**
 * Writes a job as the text that is queued. On the caller's path: what cannot fit is seen from the lengths, before
 * anything is written out. May throw what a getter of the input throws.
 */
export function writeJob(fields: JobFields): WrittenJob {
  const { input, label, tags } = fields;
  const why = faultOf(input, label, tags);
  if (why !== undefined) return { ok: false, reason: 'invalid', why };
  if (charsOf(input) > MAX_JOB_BYTES) return { ok: false, reason: 'too_large' };
  const text = JSON.stringify(jobOf(fields));
  // Three bytes a UTF-16 unit at most: only what may be too large is measured.
  if (text.length * 3 > MAX_JOB_BYTES && Buffer.byteLength(text) > MAX_JOB_BYTES)
    return { ok: false, reason: 'too_large' };
  return { ok: true, text };
}

/** Undefined when the text is no job of ours. */
export function readJob(text: string): RecallJob | undefined {
  try {
    const job = JSON.parse(text) as RecallJob;
    return faultOf(job.input, job.label, job.tags) === undefined && typeof job.span.spanId === 'string'
      ? job
      : undefined;
  } catch {
    return undefined; // Not ours: the caller counts it as unreadable.
  }
}

/** Only what is asked for: what else an application put on its objects is not ours to keep. */
function jobOf({ input, span, label, tags, timestampMs }: JobFields): RecallJob {
  const { question, query, answer, chunks, limits, field } = input;
  return {
    input: {
      question,
      ...(query == null ? {} : { query }),
      answer,
      chunks: chunks.map(chunkOf),
      ...(limits == null ? {} : { limits: limitsOf(limits) }),
      ...(field == null ? {} : { field }),
    },
    span: { traceId: span.traceId, spanId: span.spanId },
    label,
    ...(tags == null ? {} : { tags }),
    timestampMs,
  };
}

function chunkOf({ text, score, id }: RecallChunk): RecallChunk {
  const hasScore = typeof score === 'number' && Number.isFinite(score);
  return { text, ...(hasScore ? { score } : {}), ...(typeof id === 'string' ? { id } : {}) };
}

function limitsOf({ retrieved, retrievalLimit, filteredOut, threshold }: RetrievalLimits): RetrievalLimits {
  return {
    ...(isNumber(retrieved) ? { retrieved } : {}),
    ...(isNumber(retrievalLimit) ? { retrievalLimit } : {}),
    ...(isNumber(filteredOut) ? { filteredOut } : {}),
    ...(isNumber(threshold) ? { threshold } : {}),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function faultOf(input: RecallInput, label: string, tags: unknown): string | undefined {
  if (typeof input?.question !== 'string') return 'question must be a string';
  if (typeof input.answer !== 'string') return 'answer must be a string';
  if (!Array.isArray(input.chunks) || !input.chunks.every((chunk) => typeof chunk?.text === 'string'))
    return 'chunks must be a list of { text: string }';
  if (input.query != null && typeof input.query !== 'string') return 'query must be a string';
  if (input.field != null && typeof input.field !== 'string') return 'field must be a string';
  if (typeof label !== 'string' || !LABEL.test(label))
    return 'label must begin with a letter and hold only ASCII letters, digits and _, at most 181';
  if (tags != null && (typeof tags !== 'object' || Array.isArray(tags)))
    return 'tags must be a plain object of strings';
  return undefined;
}

function charsOf({ question, query, answer, chunks }: RecallInput): number {
  const around = question.length + (query?.length ?? 0) + answer.length;
  return chunks.reduce((sum, chunk) => sum + chunk.text.length, around);
}
