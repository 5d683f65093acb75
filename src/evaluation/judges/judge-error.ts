import type { JudgeFailure, JudgeFailureReason } from '../../contracts/recall.ts';

const RETRYABLE: ReadonlySet<JudgeFailureReason> = new Set([
  'timeout',
  'aborted',
  'rate-limited',
  'unavailable',
  // The same model, asked again, may answer as it should.
  'wrong-format',
  'out-of-range',
  'truncated',
]);

/** A judge gave no verdict. It is never a pass: what to do next is said by `reason` and `retryable`. */
export class JudgeError extends Error implements JudgeFailure {
  override readonly name = 'JudgeError';
  readonly reason: JudgeFailureReason;
  readonly retryable: boolean;
  declare readonly retryAfterMs?: number;
  declare readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };

  constructor(
    reason: JudgeFailureReason,
    message: string,
    more: {
      readonly cause?: unknown;
      readonly retryAfterMs?: number | undefined;
      readonly usage?: JudgeFailure['usage'] | undefined;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.reason = reason;
    this.retryable = RETRYABLE.has(reason);
    if (more.retryAfterMs !== undefined) this.retryAfterMs = more.retryAfterMs;
    if (more.usage !== undefined) this.usage = more.usage;
  }
}

/** By HTTP status, as OpenAI-compatible endpoints, Bedrock and gateways in front of them use it. */
export function reasonOfStatus(status: number): JudgeFailureReason {
  if (status === 429) return 'rate-limited';
  return status === 408 || status === 409 || status >= 500 ? 'unavailable' : 'misconfigured';
}
