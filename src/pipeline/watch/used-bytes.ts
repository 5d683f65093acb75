import { storedSegments } from '../../journal/eviction.ts';

/**
 * Bytes that the segments of journals use, and may use; undefined where none is on disk. Reads the directories: for
 * whoever asks every few seconds.
 */
export function usedBytes(
  directories: readonly (string | undefined)[],
  maxBytes: number,
): { readonly used: number; readonly limit: number } | undefined {
  const onDisk = directories.filter((directory) => directory !== undefined);
  if (onDisk.length === 0) return undefined;
  const used = onDisk
    .flatMap((directory) => storedSegments(directory))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  return { used, limit: maxBytes * onDisk.length };
}
