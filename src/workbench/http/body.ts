import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { HttpError } from './http-error.ts';

const unzip = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** Bytes of request bodies in memory at one time, over all connections. */
export class ByteBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @throws HttpError 503 with Retry-After when the bytes do not fit. */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.#maxBytes) {
      throw new HttpError(503, 'too many request bodies in memory', { 'retry-after': '1' });
    }
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

const tooLarge = (maxBytes: number): HttpError =>
  new HttpError(413, `the body is larger than ${maxBytes} bytes`);
const goneAway = (): HttpError => new HttpError(408, 'the sender went away in the middle of the body');

/**
 * Reads at most `maxBytes`. Of a longer body, up to as many bytes again are read and thrown away, so that the
 * sender is still listening when the 413 arrives; past that the connection is closed.
 */
async function readRaw(request: IncomingMessage, maxBytes: number, budget: ByteBudget): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > 2 * maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let held = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > 2 * maxBytes) break;
      if (bytes > maxBytes) {
        chunks.length = 0;
        continue;
      }
      budget.take(chunk.length);
      held += chunk.length;
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof HttpError ? error : goneAway();
  } finally {
    budget.give(held);
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes);
}

/**
 * Reads a body to its end and keeps nothing of it.
 *
 * @throws HttpError 408 when the sender goes away, 413 past `maxBytes`.
 */
export async function discardBody(request: IncomingMessage, maxBytes: number): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
    }
  } catch (error) {
    throw error instanceof HttpError ? error : goneAway();
  }
}

/**
 * The body of a request, decompressed; neither form may be larger than `maxBytes`.
 *
 * @throws HttpError 400 (broken compression), 413 (too large in either form), 415 (unknown encoding), 503.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  budget: ByteBudget,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip' && encoding !== 'deflate') {
    throw new HttpError(415, `content-encoding ${encoding} is not supported; use gzip, deflate or none`);
  }
  const raw = await readRaw(request, maxBytes, budget);
  if (encoding === 'identity') return raw;
  return decompress(raw, encoding, maxBytes, budget);
}

const FIRST_TRY_BYTES = 1024 * 1024;
/** Texts of tracers shrink to a tenth; what shrinks further is tried again with more room. */
const EXPECTED_RATIO = 16;

/** Reserves what a body of this size usually becomes, so that many may be read at once; more only where it is needed. */
async function decompress(
  raw: Buffer,
  encoding: keyof typeof unzip,
  maxBytes: number,
  budget: ByteBudget,
): Promise<Buffer> {
  let room = Math.min(maxBytes, Math.max(FIRST_TRY_BYTES, raw.length * EXPECTED_RATIO));
  for (;;) {
    budget.take(room);
    try {
      return await unzip[encoding](raw, { maxOutputLength: room });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
        throw new HttpError(400, `the ${encoding} body is broken: ${(error as Error).message}`);
      if (room === maxBytes) throw tooLarge(maxBytes);
    } finally {
      budget.give(room);
    }
    room = Math.min(maxBytes, room * EXPECTED_RATIO);
  }
}
