import type { CheckOutcome, CheckResult } from '../contracts/check.ts';
import { fail, unknown, type VerifyCheck } from './check.ts';
import type { Stage, VerifyContext } from './evidence.ts';
import { ServiceError } from './service.ts';
import { runDegraded, runKill, runSteady } from './stages.ts';
import type { Surroundings } from './surroundings.ts';

export interface VerifyRun {
  readonly outcomes: readonly CheckOutcome[];
  readonly context: VerifyContext;
}

const ASK_TIMEOUT_MS = 10_000;

/**
 * Runs the service as often as the checks need, then the checks. The first run has to succeed: without it there is
 * nothing to compare with.
 *
 * @param say is told what is being done
 * @throws ServiceError when the service does not start
 */
export async function runVerification(
  checks: readonly VerifyCheck[],
  at: Surroundings,
  say: (what: string) => void,
): Promise<VerifyRun> {
  const stages = new Set(checks.map(({ stage }) => stage));
  const failures = new Map<Stage, unknown>();
  const attempt = async <T>(stage: Stage, what: string, run: () => Promise<T>): Promise<T | undefined> => {
    if (!stages.has(stage)) return undefined;
    say(what);
    try {
      return await run();
    } catch (error) {
      failures.set(stage, error);
      return undefined;
    }
  };
  say(stages.has('shutdown') ? 'at work, then SIGTERM' : 'at work');
  const { steady, shutdown } = await runSteady(at, stages.has('shutdown'));
  const kill = await attempt('kill', 'SIGKILL and restart', () => runKill(at));
  const off = await attempt('off', 'switched off', () => runDegraded(at, 'off'));
  const bare = await attempt('bare', 'without the optional packages', () => runDegraded(at, 'bare'));
  const context: VerifyContext = { steady, shutdown, kill, off, bare, ask };
  const outcomes: CheckOutcome[] = [];
  for (const check of checks) outcomes.push(await outcomeOf(check, context, failures));
  return { outcomes, context };
}

async function outcomeOf(
  check: VerifyCheck,
  context: VerifyContext,
  failures: ReadonlyMap<Stage, unknown>,
): Promise<CheckOutcome> {
  const startMs = performance.now();
  const { id, slug, title } = check;
  let result: CheckResult;
  try {
    result = failures.has(check.stage) ? withoutRun(failures.get(check.stage)) : await check.run(context);
  } catch (error) {
    result = unknown(String(error));
  }
  return {
    ...{ id, slug, title, docs: `docs/checks/${id}.md`, fixable: false },
    durationMs: performance.now() - startMs,
    ...result,
    fix: result.fix ?? (result.status === 'fail' ? check.fix : undefined),
  };
}

/** A service that does not come up again is a finding; that we could not look is none. */
function withoutRun(error: unknown): CheckResult {
  return error instanceof ServiceError
    ? fail([error.message, ...error.output.slice(-4)])
    : unknown(String(error));
}

async function ask(url: string): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
  return { status: response.status, body: await response.text() };
}
