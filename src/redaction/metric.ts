import type { EvaluationInput } from '../contracts/evaluation.ts';
import type { ContentCapture } from './llm-event.ts';

/** An evaluation with no more content than allowed: a judge's reasoning and metadata quote what it judged. */
export function redactEvaluation(input: EvaluationInput, capture: ContentCapture): EvaluationInput {
  if (capture === 'full' || typeof input !== 'object' || input === null) return input;
  const { reasoning: _reasoning, metadata: _metadata, ...kept } = input;
  return kept;
}

/** The same for a metric that dd-trace's own API made. */
export function redactMetric(metric: Readonly<Record<string, unknown>>, capture: ContentCapture): Readonly<Record<string, unknown>> {
  if (capture === 'full') return metric;
  const { reasoning: _reasoning, metadata: _metadata, ...kept } = metric;
  return kept;
}
