/** The three numbers of a version; what follows them is left out. Undefined for what is none. */
function numbersOf(version: string): readonly [number, number, number] | undefined {
  const [, major, minor, patch] = /^[v=^~\s]*(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor ?? 0), Number(patch ?? 0)];
}

/** Below zero, zero or above it, as of a sort. What is no version sorts first. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined);
  for (let at = 0; at < 3; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version is in a range of comparators, all of which must hold: `>=4 <6.22.1`. */
export function inRange(version: string, range: string): boolean {
  return range.split(/\s+/).every((comparator) => {
    const [, operator = '', bound = ''] = /^(>=|<=|>|<|=)?(.+)$/.exec(comparator) ?? [];
    const order = compareVersions(version, bound);
    switch (operator) {
      case '>=':
        return order >= 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '<':
        return order < 0;
      default:
        return order === 0;
    }
  });
}
