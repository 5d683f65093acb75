import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument } from 'yaml';

/** The line of a place in a configuration file, such as `sampling.rules[2].name`; undefined where nobody can say. */
export type LineOf = (at: string) => number | undefined;

/**
 * Reads where things stand in a JSON or YAML file (JSON is YAML). Modules have no lines: their rules may be computed.
 */
export function linesIn(path: string | undefined): LineOf {
  if (path === undefined || !/\.(?:json|ya?ml)$/.test(path)) return () => undefined;
  const counter = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: counter, logLevel: 'silent' });
  return (at) => {
    // A rule may stand in `sampling.rules` or directly in `sampling`, and its key may be spelled in camel case.
    const path = steps(at);
    for (const candidate of [
      path,
      path.filter((step) => step !== 'rules'),
      path.slice(0, -1),
      path.slice(0, -2),
    ]) {
      if (candidate.length === 0) continue;
      const node: unknown = document.getIn(candidate, true);
      if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
    }
    return undefined;
  };
}

/** `a.b[2].c` as `['a', 'b', 2, 'c']`. */
function steps(at: string): (string | number)[] {
  return [...at.matchAll(/[^.[\]]+/g)].map(([step]) => (/^\d+$/.test(step) ? Number(step) : step));
}
