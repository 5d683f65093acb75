import type { JudgeAnswer, JudgePrice } from '../../contracts/recall.ts';
import { JudgeError } from './judge-error.ts';

/** What is known of the call that made an answer. */
export interface AnswerSource {
  readonly model?: string | undefined;
  readonly promptVersion: string;
  readonly usage?: JudgeAnswer['usage'] | undefined;
  readonly price?: JudgePrice | undefined;
}

const MAX_REASONING_CHARS = 2_000;

/**
 * The verdict that a model wrote as text: one JSON object, bare or in one code fence, and nothing beside it.
 *
 * @throws JudgeError `wrong-format`, `out-of-range`
 */
export function readAnswerText(text: unknown, source: AnswerSource): JudgeAnswer {
  if (typeof text !== 'string' || text.trim() === '')
    throw new JudgeError('wrong-format', 'the judge answered nothing', { usage: source.usage });
  const fenced = /^```(?:json)?\s*([\s\S]*?)\s*```$/.exec(text.trim())?.[1];
  let value: unknown;
  try {
    value = JSON.parse(fenced ?? text);
  } catch (cause) {
    throw new JudgeError('wrong-format', 'the judge did not answer with JSON', {
      cause,
      usage: source.usage,
    });
  }
  return readAnswer(value, source);
}

/**
 * The verdict of an object that a model or a function gave.
 *
 * @throws JudgeError `wrong-format`, `out-of-range`
 */
export function readAnswer(value: unknown, source: AnswerSource): JudgeAnswer {
  const { usage, model, promptVersion, price } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new JudgeError('wrong-format', 'the judge did not answer with an object', { usage });
  const { score, reasoning, assessment } = value as Readonly<Record<string, unknown>>;
  if (typeof score !== 'number' || Number.isNaN(score))
    throw new JudgeError('wrong-format', 'the judge gave no score that is a number', { usage });
  if (score < 0 || score > 1)
    throw new JudgeError('out-of-range', `the judge gave the score ${score}, not 0 to 1`, { usage });
  const costUsd = costOf(usage, price);
  return {
    score,
    promptVersion,
    ...(typeof reasoning === 'string' && reasoning !== ''
      ? { reasoning: reasoning.slice(0, MAX_REASONING_CHARS) }
      : {}),
    ...(assessment === 'pass' || assessment === 'fail' ? { assessment } : {}),
    ...(model === undefined ? {} : { model }),
    ...(usage === undefined ? {} : { usage }),
    ...(costUsd === undefined ? {} : { costUsd }),
  };
}

/** Undefined unless both counts are there: an unknown use is not a free one. */
export function usageOf(inputTokens: unknown, outputTokens: unknown): JudgeAnswer['usage'] {
  return isCount(inputTokens) && isCount(outputTokens) ? { inputTokens, outputTokens } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function costOf(usage: JudgeAnswer['usage'], price: JudgePrice | undefined): number | undefined {
  if (usage === undefined || price === undefined) return undefined;
  return (
    (usage.inputTokens * price.inputUsdPerMillion + usage.outputTokens * price.outputUsdPerMillion) / 1e6
  );
}
