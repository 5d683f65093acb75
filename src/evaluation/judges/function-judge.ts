import type { Judge, JudgeContext, JudgeRequest } from '../../contracts/recall.ts';
import { errorText } from '../../kernel/error-text.ts';
import { JudgeError } from './judge-error.ts';
import { readAnswer, usageOf } from './read-answer.ts';
import { withinTime } from './within-time.ts';

/** What a function of the application may answer: a score, or an object with one. */
export type JudgeFunction = (request: JudgeRequest, context: JudgeContext) => unknown;

/**
 * A judge of any function, synchronous or not: its answer is validated, its time is limited, and what it throws becomes
 * a `JudgeError` (`unavailable`, unless it is one already).
 *
 * @param ask - answers `{ score, assessment?, reasoning?, usage?, costUsd?, model?, promptVersion? }` or a bare score
 */
export function functionJudge(ask: JudgeFunction): Judge {
  return async (request, context) => {
    const value = await withinTime(context, async (signal) => {
      try {
        return await ask(request, { signal, timeoutMs: context.timeoutMs });
      } catch (error) {
        throw error instanceof JudgeError
          ? error
          : new JudgeError('unavailable', errorText(error), { cause: error });
      }
    });
    const given = Object(typeof value === 'number' ? { score: value } : value) as Readonly<
      Record<string, unknown>
    >;
    const used = Object(given['usage']) as Readonly<Record<string, unknown>>;
    const answer = readAnswer(given, {
      usage: usageOf(used['inputTokens'], used['outputTokens']),
      model: typeof given['model'] === 'string' ? given['model'] : undefined,
      promptVersion: typeof given['promptVersion'] === 'string' ? given['promptVersion'] : 'custom',
    });
    const costUsd = given['costUsd'];
    return typeof costUsd === 'number' && Number.isFinite(costUsd) && costUsd >= 0
      ? { ...answer, costUsd }
      : answer;
  };
}
