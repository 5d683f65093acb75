import type { CheckOutcome, CheckResult } from '../contracts/check.ts';
import type { CheckContext, ProjectCheck } from './context.ts';
import { unknown } from './context.ts';

export interface RunnerOptions {
  /** A check that takes longer is `unknown`. */
  readonly timeoutMs?: number;
  /** Milliseconds, monotonic. */
  readonly nowMs?: () => number;
}

const TIMEOUT_MS = 10_000;

/** Where a check is described. */
function docsOf({ id }: Pick<ProjectCheck, 'id'>): string {
  return `docs/checks/${id}.md`;
}

/** Runs checks one after the other. Never throws: a check that does, or that takes too long, is `unknown` and says why. */
export async function runChecks(
  checks: readonly ProjectCheck[],
  context: CheckContext,
  { timeoutMs = TIMEOUT_MS, nowMs = () => performance.now() }: RunnerOptions = {},
): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  for (const check of checks) {
    const startMs = nowMs();
    const result = await runOne(check, context, timeoutMs);
    const { id, slug, title } = check;
    outcomes.push({
      id,
      slug,
      title,
      docs: docsOf(check),
      fixable: isFinding(result) && check.mend !== undefined && check.mend(context).length > 0,
      durationMs: nowMs() - startMs,
      ...result,
      fix: result.fix ?? (isFinding(result) ? check.fix : undefined),
    });
  }
  return outcomes;
}

export function isFinding({ status }: Pick<CheckResult, 'status'>): boolean {
  return status === 'fail' || status === 'warn';
}

async function runOne(check: ProjectCheck, context: CheckContext, timeoutMs: number): Promise<CheckResult> {
  if (check.target === 'process' && context.start === undefined) {
    return unknown('it needs the start of the process: keepspan doctor -- node app.js');
  }
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => resolve(unknown(`it took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([Promise.resolve(check.run(context)), tooLong]);
  } catch (error) {
    return unknown(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** Checks whose id or name matches one of the patterns (`*` is any text, upper and lower case alike); all, without any. */
export function chooseChecks<Named extends Pick<ProjectCheck, 'id' | 'slug'>>(
  checks: readonly Named[],
  patterns: readonly string[],
): { readonly chosen: readonly Named[]; readonly unmatched: readonly string[] } {
  const asked = patterns.flatMap((pattern) => pattern.split(',')).filter((pattern) => pattern !== '');
  if (asked.length === 0) return { chosen: checks, unmatched: [] };
  const matching = (pattern: string) => {
    const text = pattern.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
    const matcher = new RegExp(`^${text}$`, 'i');
    return checks.filter(({ id, slug }) => matcher.test(id) || matcher.test(slug));
  };
  const chosen = new Set(asked.flatMap(matching));
  return {
    chosen: checks.filter((check) => chosen.has(check)),
    unmatched: asked.filter((pattern) => matching(pattern).length === 0),
  };
}
