// Fails on what would tie a tracked file to one machine: absolute home and work paths, package registries, tokens.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Names that documentation and container files may use: they are nobody's. */
const NEUTRAL_HOME = /^\/home\/(?:node|app|user|you)(?:\/|$)/;
interface Pattern {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed?: (text: string) => boolean;
}

const PATTERNS: readonly Pattern[] = [
  {
    what: 'absolute path of a machine',
    pattern: /(?<![\w.~:/-])\/(?:home|Users|work|root|mnt|media)\/[\w.-]+/g,
    allowed: (text) => NEUTRAL_HOME.test(text),
  },
  { what: 'Windows path of a machine', pattern: /\b[A-Z]:\\Users\\[\w.-]+/g },
  {
    what: 'package registry',
    pattern:
      /\bhttps?:\/\/(?:[\w-]+\.)*(?:registry|npm|artifactory|nexus|verdaccio|jfrog|proxy)\.[\w.-]+\.[a-z]{2,}/gi,
    allowed: (text) => text === 'https://registry.npmjs.org',
  },
  { what: 'registry setting or token', pattern: /(?:^|\n)\s*(?:@[\w-]+:)?registry\s*=|_auth[T]oken/g },
];

/** What stands in `text` and should not, with its line. */
export function foreignTexts(text: string): { what: string; found: string; line: number }[] {
  return PATTERNS.flatMap(({ what, pattern, allowed }) =>
    [...text.matchAll(pattern)]
      .filter(([found]) => !allowed?.(found))
      .map((match) => ({
        what,
        found: match[0].trim(),
        line: text.slice(0, match.index + match[0].length).split('\n').length,
      })),
  );
}

function main(root: string): number {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  let bad = 0;
  const say = (text: string) => {
    bad += 1;
    process.stdout.write(`${text}\n`);
  };
  for (const file of tracked) {
    const stats = statSync(join(root, file), { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size > 2 ** 21) continue;
    const text = readFileSync(join(root, file), 'utf8');
    if (text.includes('\0')) continue;
    for (const { what, found, line } of foreignTexts(text)) say(`${file}:${line}: ${what}: ${found}`);
  }
  return bad === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(resolve(process.argv[2] ?? '.'));
