import { closeSync, constants, fdatasyncSync, fstatSync, openSync, writeSync } from 'node:fs';

/**
 * Adds a line to a file that several may read. Begins with a newline where something stands, for that may be the torn
 * line of a full disk; readers skip lines that are empty or torn. Survives power loss: what it speaks of is removed next.
 *
 * @throws what the file system throws, ENOSPC also when it took a part only; the line may then be added again
 */
export function appendLine(file: string, line: string): void {
  const fd = openSync(
    file,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    const text = Buffer.from(`${fstatSync(fd).size === 0 ? '' : '\n'}${line}\n`);
    if (writeSync(fd, text) < text.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
