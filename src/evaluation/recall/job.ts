import type { RecallChunk, RecallInput, RetrievalLimits } from '../../contracts/recall.ts';
import type { ExportedSpan } from '../../contracts/signal.ts';
import type { RecallJob } from './types.ts';

/** Largest job that is queued, in bytes: question, answer, context and names. */
export const MAX_JOB_BYTES = 256 * 1024;

const LABEL = /^[A-Za-z]\w{0,180}$/;

/**
 * A job as it is queued: one line of JSON in UTF-8, and behind it the texts of its chunks as they are, of which the line
 * holds the lengths. `JSON.stringify` would look at each of their characters, and UTF-8 encode those beyond ASCII: two
 * thirds of what a call costs.
 */
export interface PackedJob {
  readonly head: string;
  readonly texts: readonly string[];
  /** Of the whole, at most; `MAX_JOB_BYTES` or less. */
  readonly bytes: number;
}

/** A job as it is queued, or why there is none. */
export type WrittenJob =
  | { readonly ok: true; readonly job: PackedJob }
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
 * Makes a job of what a caller gave. On the caller's path: what cannot fit is seen from the lengths, before anything is
 * written out. May throw what a getter of the input throws.
 */
export function writeJob(fields: JobFields): WrittenJob {
  const { input, label, tags } = fields;
  const why = faultOf(input, label, tags);
  if (why !== undefined) return { ok: false, reason: 'invalid', why };
  if (charsOf(input) > MAX_JOB_BYTES) return { ok: false, reason: 'too_large' };
  const texts: string[] = [];
  let textBytes = 0;
  const chunks = input.chunks.map(({ text, score, id }) => {
    texts.push(text);
    const length = lengthOf(text);
    textBytes += Math.abs(length);
    return chunkOf({ text: length, score, id });
  });
  const head = `${JSON.stringify(jobOf(fields, chunks))}\n`;
  // Three bytes a UTF-16 unit at most: only what may be too large is measured.
  const most = textBytes + head.length * 3;
  const bytes = most <= MAX_JOB_BYTES ? most : textBytes + Buffer.byteLength(head);
  return bytes > MAX_JOB_BYTES
    ? { ok: false, reason: 'too_large' }
    : { ok: true, job: { head, texts, bytes } };
}

/**
 * Writes a job out.
 *
 * @param target has room for `MAX_JOB_BYTES`
 * @returns bytes written
 */
export function packJob({ head, texts }: PackedJob, target: Buffer): number {
  let at = target.write(head);
  for (const text of texts) at += target.write(text, at, isWide(text) ? 'utf16le' : 'latin1');
  return at;
}

/** Undefined when the bytes are no job of ours. */
export function readJob(bytes: Buffer): RecallJob | undefined {
  try {
    let at = bytes.indexOf(0x0a) + 1;
    const { input, ...rest } = JSON.parse(bytes.toString('utf8', 0, at)) as PackedFields;
    const chunks = input.chunks.map(({ text: length, ...chunk }) => {
      const from = at;
      at += Math.abs(length);
      if (!Number.isSafeInteger(length) || at > bytes.length) throw new RangeError('a text is not whole');
      return { text: bytes.toString(length < 0 ? 'utf16le' : 'latin1', from, at), ...chunk };
    });
    const job = { input: { ...input, chunks }, ...rest };
    return faultOf(job.input, job.label, job.tags) === undefined && typeof job.span.spanId === 'string'
      ? job
      : undefined;
  } catch {
    return undefined; // Not ours: the caller counts it as unreadable.
  }
}

/** A chunk in the line: in place of its text the bytes that it has, negative where they are UTF-16. */
type PackedChunk = Omit<RecallChunk, 'text'> & { readonly text: number };

type PackedFields = Omit<RecallJob, 'input'> & {
  readonly input: Omit<RecallInput, 'chunks'> & { readonly chunks: readonly PackedChunk[] };
};

/** V8 keeps a string in one byte a character or in two: of the first kind this is known without a look. */
function isWide(text: string): boolean {
  return /[^\0-\xff]/.test(text);
}

function lengthOf(text: string): number {
  return isWide(text) ? -2 * text.length : text.length;
}

/** Only what is asked for: what else an application put on its objects is not ours to keep. */
function jobOf(
  { input, span, label, tags, timestampMs }: JobFields,
  chunks: readonly PackedChunk[],
): PackedFields {
  const { question, query, answer, limits, field } = input;
  return {
    input: {
      question,
      ...(query == null ? {} : { query }),
      answer,
      chunks,
      ...(limits == null ? {} : { limits: limitsOf(limits) }),
      ...(field == null ? {} : { field }),
    },
    span: { traceId: span.traceId, spanId: span.spanId },
    label,
    ...(tags == null ? {} : { tags }),
    timestampMs,
  };
}

function chunkOf({
  text,
  score,
  id,
}: {
  readonly text: number;
  readonly score: unknown;
  readonly id: unknown;
}): PackedChunk {
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
