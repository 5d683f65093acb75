import type { Judge, JudgeAnswer, JudgeFailure, JudgeRequest } from '../../contracts/recall.ts';
import { isAnswer } from './verdict.ts';
import { numberOfCall, type SkipReason } from './types.ts';

/** Runs `fn` once after `ms`; returns what cancels it. */
export type After = (ms: number, fn: () => void) => () => void;

/** {@link After} with real timers, which do not keep the process. */
export const systemAfter: After = (ms, fn) => {
  const timer = setTimeout(fn, ms).unref();
  return () => clearTimeout(timer);
};

export interface Failed {
  readonly ok: false;
  readonly reason: Extract<SkipReason, `judge_${string}`> | 'aborted';
  readonly retryable: boolean;
  readonly retryAfterMs: number;
  /** It says something about the judge, not about this request alone. */
  readonly blames: boolean;
  /** Tokens that the failed call used all the same. */
  readonly tokens: number;
  /** See `numberOfCall`. */
  readonly call?: number | undefined;
}

export type Asked = { readonly ok: true; readonly answer: JudgeAnswer } | Failed;

/** A judge that does not end its call in time itself gets this much longer. */
const GRACE_MS = 250;

/** Longest pause that an endpoint can ask for. */
const MAX_RETRY_AFTER_MS = 300_000;

/** One call of a judge, as a value: it never rejects, and it ends whether the judge does or not. */
export async function askJudge(
  judge: Judge,
  request: JudgeRequest,
  options: { readonly timeoutMs: number; readonly after: After; readonly stopped: AbortSignal },
): Promise<Asked> {
  const { timeoutMs, after, stopped } = options;
  const call = new AbortController();
  let cancel = (): void => undefined;
  let stop = (): void => undefined;
  const ended = new Promise<Asked>((resolve) => {
    cancel = after(timeoutMs + GRACE_MS, () => resolve(failure({ reason: 'timeout', retryable: true })));
    stop = () => resolve(failure({ reason: 'aborted', retryable: false }));
    stopped.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([ended, answered(judge, request, { signal: call.signal, timeoutMs })]);
  } finally {
    cancel();
    stopped.removeEventListener('abort', stop);
    call.abort(); // Nobody waits for it any more.
  }
}

async function answered(judge: Judge, ...args: Parameters<Judge>): Promise<Asked> {
  try {
    const answer: unknown = await judge(...args);
    return isAnswer(answer) ? { ok: true, answer } : failure({ reason: 'wrong-format', retryable: true });
  } catch (error) {
    return { ...failure(asFailure(error)), call: numberOfCall(error) };
  }
}

/** What an application's own function throws has no reason: it is taken for a failure that may pass. */
function asFailure(error: unknown): JudgeFailure {
  const known = typeof error === 'object' && error !== null ? (error as Partial<JudgeFailure>) : {};
  const reason = known.reason !== undefined && known.reason in MEANING ? known.reason : 'unavailable';
  const usage = known.usage;
  return {
    reason,
    retryable: typeof known.retryable === 'boolean' ? known.retryable : true,
    ...(typeof known.retryAfterMs === 'number' ? { retryAfterMs: known.retryAfterMs } : {}),
    ...(typeof usage === 'object' && usage !== null ? { usage } : {}),
  };
}

type Meaning = Pick<Failed, 'reason' | 'blames'>;

const MEANING: Readonly<Record<JudgeFailure['reason'], Meaning>> = {
  'wrong-format': { reason: 'judge_wrong_answer', blames: true },
  'out-of-range': { reason: 'judge_wrong_answer', blames: true },
  truncated: { reason: 'judge_wrong_answer', blames: false },
  refused: { reason: 'judge_refused', blames: false },
  timeout: { reason: 'judge_timeout', blames: true },
  aborted: { reason: 'aborted', blames: false },
  'rate-limited': { reason: 'judge_rate_limited', blames: true },
  unavailable: { reason: 'judge_failed', blames: true },
  misconfigured: { reason: 'judge_misconfigured', blames: true },
};

function failure({ reason, retryable, retryAfterMs = 0, usage }: JudgeFailure): Failed {
  const tokens = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  return {
    ok: false,
    ...MEANING[reason],
    retryable,
    retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, Math.max(0, retryAfterMs || 0)),
    tokens: Number.isFinite(tokens) ? tokens : 0,
  };
}
