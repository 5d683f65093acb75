import type { LlmSpanEvent } from '../../wire/datadog/decode-llmobs.ts';
import { clampInteger, type Fields, isFields } from '../../wire/datadog/decode-values.ts';
import { kindOfOperation } from '../../wire/otlp/gen-ai.ts';
import type { LlmSpanRow, SpanRow } from '../store/store.ts';
import { preview, previewOfText } from './preview.ts';

const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');
const fieldsOr = (value: unknown): Fields => (isFields(value) ? value : {});

/** A count of tokens, or null: an absent count is unknown, not 0. */
function tokens(value: unknown): number | null {
  const count = clampInteger(value);
  return count === undefined || count < 0 ? null : count;
}

const dollars = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;

function total(sum: number | null, input: number | null, output: number | null): number | null {
  return sum ?? (input === null && output === null ? null : (input ?? 0) + (output ?? 0));
}

/** The id as 16 hex digits: Datadog's events have it as a decimal number. */
export function spanHexOf(id: string): string {
  if (/^\d{1,20}$/.test(id) && BigInt(id) <= 0xffff_ffff_ffff_ffffn)
    return BigInt(id).toString(16).padStart(16, '0');
  const lower = id.toLowerCase();
  return /^[0-9a-f]{16}$/.test(lower) ? lower : '';
}

/** What lists show of an LLM span event. `event` is the parsed form of `span.event`. */
export function llmRowOfEvent(span: LlmSpanEvent, event: Fields): LlmSpanRow {
  const meta = fieldsOr(event['meta']);
  const metrics = fieldsOr(event['metrics']);
  const inputTokens = tokens(metrics['input_tokens']);
  const outputTokens = tokens(metrics['output_tokens']);
  const input = dollars(metrics['input_cost']);
  const output = dollars(metrics['output_cost']);
  const partCost = input === null && output === null ? null : (input ?? 0) + (output ?? 0);
  return {
    ...span,
    spanHex: spanHexOf(span.spanId),
    apmTraceId: span.apmTraceId.toLowerCase(),
    source: 'datadog',
    derived: false,
    model: textOr(meta['model_name']),
    provider: textOr(meta['model_provider']),
    inputTokens,
    outputTokens,
    totalTokens: total(tokens(metrics['total_tokens']), inputTokens, outputTokens),
    costUsd: dollars(metrics['total_cost']) ?? partCost,
    inputPreview: preview(meta['input']),
    outputPreview: preview(meta['output']),
  };
}

/** OpenLLMetry's names (traceloop.span.kind), where the convention's are missing. */
const TRACELOOP_KINDS = new Set(['workflow', 'task', 'agent', 'tool']);

function kindOf(attributes: Fields): string {
  const operation = attributes['gen_ai.operation.name'];
  if (typeof operation === 'string') return kindOfOperation(operation);
  const traceloop = attributes['traceloop.span.kind'];
  if (typeof traceloop === 'string' && TRACELOOP_KINDS.has(traceloop)) return traceloop;
  return attributes['llm.request.type'] === 'embedding' ? 'embedding' : 'llm';
}

const first = (attributes: Fields, names: readonly string[]): unknown =>
  names.map((name) => attributes[name]).find((value) => value !== undefined && value !== null);

/** Whether a span's JSON can be one of an LLM at all: parsing every span would cost more than storing it. */
export const mayBeLlm = (detail: string): boolean =>
  detail.includes('"gen_ai.') ||
  detail.includes('"traceloop.span.kind"') ||
  detail.includes('"llm.request.type"');

/** An OTLP span as an LLM span, when its attributes make it one. */
export function llmRowOfSpan(span: SpanRow, attributes: Fields): LlmSpanRow | undefined {
  const isLlm = [
    'gen_ai.operation.name',
    'gen_ai.request.model',
    'gen_ai.system',
    'traceloop.span.kind',
    'llm.request.type',
  ].some((name) => attributes[name] !== undefined);
  if (!isLlm) return undefined;
  const inputTokens = tokens(first(attributes, ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens']));
  const outputTokens = tokens(
    first(attributes, ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens']),
  );
  const input = first(attributes, [
    'gen_ai.input.messages',
    'gen_ai.prompt.0.content',
    'traceloop.entity.input',
    'gen_ai.tool.call.arguments',
  ]);
  const output = first(attributes, [
    'gen_ai.output.messages',
    'gen_ai.completion.0.content',
    'traceloop.entity.output',
    'gen_ai.tool.call.result',
  ]);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentId: span.parentId,
    spanHex: span.spanId,
    apmTraceId: span.traceId,
    source: 'otlp',
    derived: true,
    name: span.name,
    kind: kindOf(attributes),
    model: textOr(first(attributes, ['gen_ai.response.model', 'gen_ai.request.model'])),
    provider: textOr(first(attributes, ['gen_ai.provider.name', 'gen_ai.system'])),
    mlApp: span.service,
    startUs: span.startUs,
    durationNs: span.durationNs,
    error: span.error,
    inputTokens,
    outputTokens,
    totalTokens: total(tokens(attributes['llm.usage.total_tokens']), inputTokens, outputTokens),
    costUsd: dollars(attributes['gen_ai.usage.cost']),
    inputPreview: previewOfText(input),
    outputPreview: previewOfText(output),
    event: 'null',
  };
}
