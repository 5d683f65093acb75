import type { EvaluationInput } from '../contracts/evaluation.ts';
import type { ContentCapture } from './llm-event.ts';

/** An evaluation with no more content than allowed: a judge's reasoning and metadata quote what it judged. */
export function redactEvaluation(input: EvaluationInput, capture: ContentCapture): EvaluationInput {
  if (capture === 'full' || typeof input !== 'object' || input === null) return input;
  // Not a copy of all but these: what the application put on the object has getters that need not run.
  const { span, label, metricType, value, tags, assessment, timestampMs, mlApp } = input;
  return { span, label, metricType, value, tags, assessment, timestampMs, mlApp };
}

/** The same for a metric that dd-trace's own API made. A feedback's free text is what a user wrote. */
export function redactMetric(
  metric: Readonly<Record<string, unknown>>,
  capture: ContentCapture,
): Readonly<Record<string, unknown>> {
  if (capture === 'full') return metric;
  const { reasoning: _reasoning, metadata: _metadata, text_value: _text, ...kept } = metric;
  return kept;
}
