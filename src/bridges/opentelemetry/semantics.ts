import type { SpanKind } from '../../contracts/signal.ts';
import type { Annotation, SpanOptions } from '../../contracts/spans.ts';
import type { AttributeValue } from './api.ts';

// Names: OpenTelemetry semantic conventions for generative AI, as @opentelemetry/semantic-conventions 1.45 has them
// under /incubating. Where they have no name for something, OpenInference's or one of ours stands.

export type Attributes = Record<string, AttributeValue>;

const INTERNAL = 0;
const CLIENT = 2;

const OPERATIONS: Readonly<Partial<Record<SpanKind, string>>> = {
  workflow: 'invoke_workflow',
  agent: 'invoke_agent',
  tool: 'execute_tool',
  llm: 'chat',
  retrieval: 'retrieval',
  embedding: 'embeddings',
};

const NAMES: Readonly<Partial<Record<SpanKind, string>>> = {
  workflow: 'gen_ai.workflow.name',
  agent: 'gen_ai.agent.name',
  tool: 'gen_ai.tool.name',
};

/** Where the content of a span stands, by its kind; what has no place of its own has OpenInference's. */
const CONTENT: Readonly<Record<SpanKind, readonly [input: string, output: string]>> = {
  workflow: ['gen_ai.input.messages', 'gen_ai.output.messages'],
  agent: ['gen_ai.input.messages', 'gen_ai.output.messages'],
  llm: ['gen_ai.input.messages', 'gen_ai.output.messages'],
  tool: ['gen_ai.tool.call.arguments', 'gen_ai.tool.call.result'],
  retrieval: ['gen_ai.retrieval.query.text', 'gen_ai.retrieval.documents'],
  task: ['input.value', 'output.value'],
  embedding: ['input.value', 'output.value'],
};

/** Names that dd-trace gives to metrics, and the conventions' for them. */
const METRICS: ReadonlyMap<string, string> = new Map([
  ['input_tokens', 'gen_ai.usage.input_tokens'],
  ['output_tokens', 'gen_ai.usage.output_tokens'],
  ['cache_read_input_tokens', 'gen_ai.usage.cache_read.input_tokens'],
  ['cache_write_input_tokens', 'gen_ai.usage.cache_creation.input_tokens'],
  ['reasoning_output_tokens', 'gen_ai.usage.reasoning.output_tokens'],
]);

/** What dd-trace takes for a metric's name as well (its `METRIC_KEY_ALIASES`): a call says the same in each stack. */
const METRIC_ALIASES: ReadonlyMap<string, string> = new Map([
  ['inputTokens', 'input_tokens'],
  ['outputTokens', 'output_tokens'],
  ['totalTokens', 'total_tokens'],
  ['cacheReadTokens', 'cache_read_input_tokens'],
  ['cacheWriteTokens', 'cache_write_input_tokens'],
  ['cacheWrite5mTokens', 'ephemeral_5m_input_tokens'],
  ['cacheWrite1hTokens', 'ephemeral_1h_input_tokens'],
  ['reasoningOutputTokens', 'reasoning_output_tokens'],
]);

const PARAMETERS: ReadonlySet<string> = new Set([
  'temperature',
  'max_tokens',
  'top_p',
  'top_k',
  'seed',
  'frequency_penalty',
  'presence_penalty',
]);

/** Names that a span begins with. */
export function spanStart(
  kind: SpanKind,
  name: string,
  { modelName, modelProvider, sessionId, mlApp }: SpanOptions,
): { readonly name: string; readonly kind: number; readonly attributes: Attributes } {
  const attributes: Attributes = { 'keepspan.span.kind': kind };
  const put = (key: string | undefined, value: string | undefined): void => {
    if (key !== undefined && value !== undefined) attributes[key] = value;
  };
  const operation = OPERATIONS[kind];
  put('gen_ai.operation.name', operation);
  put(NAMES[kind], name);
  put('gen_ai.request.model', modelName);
  put('gen_ai.provider.name', modelProvider);
  put('gen_ai.conversation.id', sessionId);
  put('keepspan.ml_app', mlApp);
  return {
    name: operation === undefined ? name : `${operation} ${modelName ?? name}`,
    kind: kind === 'llm' || kind === 'embedding' ? CLIENT : INTERNAL,
    attributes,
  };
}

/** The attributes of an annotation. @throws what a getter or a value that has no JSON throws */
export function annotationAttributes(
  kind: SpanKind,
  annotation: Annotation,
  captureContent: boolean,
): Attributes {
  const { inputData, outputData, metadata, metrics, tags } = annotation;
  const attributes: Attributes = {};
  const [input, output] = CONTENT[kind];
  if (captureContent && inputData !== undefined) attributes[input] = contentText(input, inputData, 'user');
  if (captureContent && outputData !== undefined)
    attributes[output] = contentText(output, outputData, 'assistant');
  for (const [given, value] of Object.entries(metrics ?? {})) {
    const key = METRIC_ALIASES.get(given) ?? given;
    if (typeof value === 'number') attributes[METRICS.get(key) ?? `keepspan.metric.${key}`] = value;
  }
  for (const [key, value] of Object.entries(metadata ?? {})) {
    const plain = typeof value === 'number' || typeof value === 'boolean';
    if (plain) attributes[PARAMETERS.has(key) ? `gen_ai.request.${key}` : `keepspan.metadata.${key}`] = value;
    else if (captureContent && value !== undefined) attributes[`keepspan.metadata.${key}`] = textOf(value);
  }
  for (const [key, value] of Object.entries(tags ?? {}))
    if (value !== undefined) attributes[key] = textOf(value);
  return attributes;
}

/** Which parts of a span's content an annotation says. */
export function saidContent({ inputData, outputData }: Annotation): {
  readonly input: boolean;
  readonly output: boolean;
} {
  return { input: inputData !== undefined, output: outputData !== undefined };
}

function contentText(key: string, value: unknown, role: string): string {
  return key.endsWith('.messages') ? JSON.stringify(messagesOf(value, role)) : textOf(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}

/** Messages in the conventions' form, `{ role, parts }` (gen-ai-input-messages.json). */
function messagesOf(value: unknown, role: string): readonly unknown[] {
  const list = Array.isArray(value) && value.some(isMessage) ? (value as readonly unknown[]) : [value];
  return list.map((item) => messageOf(item, role));
}

interface Message {
  readonly role?: unknown;
  readonly content?: unknown;
  readonly parts?: unknown;
  readonly finish_reason?: unknown;
  readonly toolCalls?: readonly Readonly<Record<string, unknown>>[];
}

function isMessage(value: unknown): value is Message {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('content' in value || 'parts' in value || 'toolCalls' in value)
  );
}

function messageOf(value: unknown, role: string): unknown {
  if (!isMessage(value)) return { role, parts: [{ type: 'text', content: textOf(value) }] };
  if (Array.isArray(value.parts)) return value;
  const text = value.content === undefined ? [] : [{ type: 'text', content: textOf(value.content) }];
  const calls = (Array.isArray(value.toolCalls) ? value.toolCalls : []).map(
    (call: Readonly<Record<string, unknown>>) => ({
      type: 'tool_call',
      id: call['toolId'] ?? call['id'],
      name: call['name'],
      arguments: call['arguments'],
    }),
  );
  return {
    role: typeof value.role === 'string' && value.role !== '' ? value.role : role,
    parts: [...text, ...calls],
    ...(value.finish_reason === undefined ? {} : { finish_reason: value.finish_reason }),
  };
}
