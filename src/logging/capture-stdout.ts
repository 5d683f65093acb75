import { StringDecoder } from 'node:string_decoder';
import { writeForeign } from './foreign.ts';
import type { Logging } from './logging.ts';

/** A line that has no end is written in parts of this size. */
const MAX_PENDING_CHARS = 64 * 1024;

type Write = typeof process.stdout.write;

export interface CapturedStream {
  write: Write;
}

/**
 * Takes what is written to stdout past the loggers, line by line: plain text becomes a record, so that every line of
 * stdout is a JSON object. Our own lines do not come by here: they go to the descriptor. What a child process or
 * native code writes to the inherited descriptor cannot be seen from here.
 *
 * @returns what puts the stream's own `write` back and writes what was left of a line
 */
export function captureStdout(logging: Logging, stream: CapturedStream = process.stdout): () => void {
  const own = stream.write;
  const decoder = new StringDecoder('utf8');
  let pending = '';

  const take = (text: string) => {
    pending += text;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) writeForeign(logging, line, 'stdout', 'info');
    while (pending.length >= MAX_PENDING_CHARS) {
      writeForeign(logging, pending.slice(0, MAX_PENDING_CHARS), 'stdout', 'info');
      pending = pending.slice(MAX_PENDING_CHARS);
    }
  };
  const captured = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    const done = [encoding, callback].find((argument) => typeof argument === 'function');
    take(
      typeof chunk !== 'string'
        ? decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
        : typeof encoding === 'string' && encoding !== 'utf8' && encoding !== 'utf-8'
          ? Buffer.from(chunk, encoding as BufferEncoding).toString('utf8')
          : chunk,
    );
    if (done !== undefined) process.nextTick(done as () => void);
    return true;
  };
  stream.write = captured as Write;
  return () => {
    take(decoder.end());
    if (pending !== '') writeForeign(logging, pending, 'stdout', 'info');
    pending = '';
    if (stream.write === captured) stream.write = own;
  };
}
