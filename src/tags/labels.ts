import type { TagGuard } from './guard.ts';

/** In the place of a value that a metric must not have as a label. */
const OTHER = '(other)';

/**
 * Labels of one point of a metric, by the same guard as tags: each further value of a label makes a series of its own.
 * A value that is demoted becomes `(other)`, so that the sum over all series stays what it was; a metric has no
 * metadata to move it to.
 *
 * @returns the same object when all of it stays
 */
export function guardLabels(
  labels: Readonly<Record<string, string>>,
  guard: TagGuard,
): Readonly<Record<string, string>> {
  const { demoted } = guard.guard(Object.entries(labels).map(([key, value]) => `${key}:${value}`));
  if (demoted === undefined) return labels;
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [key, key in demoted ? OTHER : value]),
  );
}
