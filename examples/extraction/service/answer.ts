/** How the model kept to the format it was asked for. */
export type AnswerFormat = 'json' | 'fenced' | 'text' | 'empty';

export interface Answer {
  /** Null when the model found none. */
  readonly value: string | null;
  /** 0 to 1, as the model says it; 0 when it says nothing usable. */
  readonly confidence: number;
  readonly format: AnswerFormat;
}

const MAX_VALUE_CHARS = 500;

/** Reads `{"value", "confidence"}`, also out of a code fence; anything else is taken as a bare value. Never throws. */
export function parseAnswer(text: string): Answer {
  const trimmed = text.trim();
  if (trimmed === '') return { value: null, confidence: 0, format: 'empty' };
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(trimmed)?.[1];
  const parsed = parseObject(fenced ?? trimmed);
  if (parsed !== undefined) {
    return {
      value: usable(parsed['value']),
      confidence: probability(parsed['confidence']),
      format: fenced === undefined ? 'json' : 'fenced',
    };
  }
  return { value: usable(trimmed.split('\n')[0]), confidence: 0, format: 'text' };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // Models break the format now and then; the caller counts it as format "text".
    return undefined;
  }
}

function usable(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value.trim().slice(0, MAX_VALUE_CHARS);
  return text === '' ? null : text;
}

function probability(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : 0;
}

/**
 * Whether the value can be read off the passages: every word of it stands there. Identifiers that a
 * reader infers (the SPDX name of a licence known by its text) are rightly reported as not grounded.
 */
export function isGrounded(value: string, passages: readonly string[]): boolean {
  const words = value.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const known = new Set(
    passages
      .join('\n')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu),
  );
  return words.length > 0 && words.every((word) => known.has(word));
}
