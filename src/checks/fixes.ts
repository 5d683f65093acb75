import { readFileSync, writeFileSync } from 'node:fs';
import type { FileEdit } from '../contracts/check.ts';
import { pathIn } from './project/project.ts';

/** The edits as a diff of whole lines, one hunk for each run of lines that differ. */
export function diffText(edits: readonly FileEdit[]): string {
  return edits
    .map(({ file, before, after }) =>
      [`--- ${file}`, `+++ ${file}`, ...hunk(before.split('\n'), after.split('\n'))].join('\n'),
    )
    .join('\n');
}

function hunk(before: readonly string[], after: readonly string[]): string[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail))
    tail += 1;
  const removed = before.slice(head, before.length - tail);
  const added = after.slice(head, after.length - tail);
  return [
    `@@ -${head + 1},${removed.length} +${head + 1},${added.length} @@`,
    ...removed.map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
  ];
}

/**
 * Writes edits to a project. Several edits of one file are applied one after the other by whoever made them.
 *
 * @returns the files that were written; one that changed since it was read is left alone
 */
export function applyEdits(project: { readonly dir: string }, edits: readonly FileEdit[]): string[] {
  return edits.flatMap(({ file, before, after }) => {
    const path = pathIn(project, file);
    if (readFileSync(path, 'utf8') !== before) return [];
    writeFileSync(path, after);
    return [file];
  });
}
