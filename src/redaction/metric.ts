import type { EvaluationInput } from '../contracts/evaluation.ts';
import type { ContentRule } from './content.ts';
import { redactTexts } from './text.ts';

/** An evaluation with no more content than allowed: a judge's reasoning and metadata quote what it judged. */
export function redactEvaluation(input: EvaluationInput, rule: ContentRule): EvaluationInput {
  if (rule.capture === 'full' || typeof input !== 'object' || input === null) return input;
  // Not a copy of all but these: what the application put on the object has getters that need not run.
  const { span, label, metricType, value, tags, assessment, judgeSpan, timestampMs, mlApp } = input;
  const kept = { span, label, metricType, value, tags, assessment, judgeSpan, timestampMs, mlApp };
  if (rule.capture === 'none') return kept;
  const { reasoning, metadata } = input;
  return { ...kept, ...(redactTexts({ value, tags, reasoning, metadata }, rule.redact) as object) };
}

/** The same for a metric that dd-trace's own API made. A feedback's free text is what a user wrote. */
export function redactMetric(
  metric: Readonly<Record<string, unknown>>,
  rule: ContentRule,
): Readonly<Record<string, unknown>> {
  if (rule.capture === 'full') return metric;
  if (rule.capture === 'redacted') {
    const { tags, ...rest } = metric; // Tags of the tracer's own: versions.
    return { ...(redactTexts(rest, rule.redact) as object), ...(tags !== undefined && { tags }) };
  }
  const { reasoning: _reasoning, metadata: _metadata, text_value: _text, ...kept } = metric;
  return kept;
}
