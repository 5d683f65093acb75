import { fieldsOf, isFields, lineOf, numberOf, textOf, type Fields } from './fields.ts';

/** A tool that was called, or what it answered. */
export interface ToolPart {
  readonly direction: 'call' | 'result';
  readonly name: string;
  readonly id: string;
  /** Arguments or result, as they came. */
  readonly value: unknown;
}

/** One turn of a conversation. */
export interface Message {
  readonly role: string;
  readonly text: string;
  readonly tools: readonly ToolPart[];
}

/** A passage that retrieval returned. */
export interface Passage {
  readonly name: string;
  readonly id: string;
  readonly score: number | undefined;
  readonly text: string;
}

/** One side of a span's content: what went in, or what came out. */
export interface Content {
  readonly messages: readonly Message[];
  readonly passages: readonly Passage[];
  /** Anything that is neither. */
  readonly value: unknown;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const EMPTY: Content = { messages: [], passages: [], value: undefined };

export const isEmpty = ({ messages, passages, value }: Content): boolean =>
  messages.length === 0 && passages.length === 0 && (value === undefined || value === '');

/** Content of an LLM Observability event: `meta.input` or `meta.output`. */
export function contentOfEvent(event: unknown, side: 'input' | 'output'): Content {
  const io = fieldsOf(fieldsOf(event)['meta'])[side];
  if (!isFields(io)) return io === undefined ? EMPTY : { ...EMPTY, value: io };
  return {
    messages: list(io['messages']).map(messageOf),
    passages: list(io['documents']).map(passageOf),
    value: io['value'],
  };
}

function messageOf(value: unknown): Message {
  const message = fieldsOf(value);
  const parts = list(
    message['parts'] ?? (Array.isArray(message['content']) ? message['content'] : undefined),
  );
  const tools = [
    ...list(message['tool_calls']).map((call) => toolOf(call, 'call')),
    ...list(message['tool_results']).map((result) => toolOf(result, 'result')),
    ...parts.filter(isToolPart).map((part) => toolOf(part, isAnswer(part) ? 'result' : 'call')),
  ];
  const texts = parts.filter((part) => !isToolPart(part)).map(textOfPart);
  const plain = typeof message['content'] === 'string' ? message['content'] : '';
  return {
    role: textOf(message['role']) || 'message',
    text: [plain, ...texts].filter(Boolean).join('\n\n'),
    tools,
  };
}

const isToolPart = (part: unknown): boolean => /tool/.test(textOf(fieldsOf(part)['type']));
const isAnswer = (part: unknown): boolean => /response|result/.test(textOf(fieldsOf(part)['type']));

function textOfPart(part: unknown): string {
  if (typeof part === 'string') return part;
  const fields = fieldsOf(part);
  const text = fields['text'] ?? fields['content'];
  return typeof text === 'string' ? text : lineOf(part);
}

function toolOf(value: unknown, direction: ToolPart['direction']): ToolPart {
  const tool = fieldsOf(value);
  const called = fieldsOf(tool['function']);
  return {
    direction,
    name: textOf(tool['name']) || textOf(called['name']),
    id: textOf(tool['tool_id']) || textOf(tool['tool_call_id']) || textOf(tool['id']),
    value: tool['arguments'] ?? called['arguments'] ?? tool['result'] ?? tool['response'] ?? tool['content'],
  };
}

function passageOf(value: unknown): Passage {
  const passage = fieldsOf(value);
  return {
    name: textOf(passage['name']),
    id: lineOf(passage['id']),
    score: numberOf(passage['score']),
    text: textOf(passage['text']) || textOf(passage['content']),
  };
}

const NAMES = {
  input: {
    current: 'gen_ai.input.messages',
    older: 'gen_ai.prompt',
    entity: 'traceloop.entity.input',
    tool: 'gen_ai.tool.call.arguments',
  },
  output: {
    current: 'gen_ai.output.messages',
    older: 'gen_ai.completion',
    entity: 'traceloop.entity.output',
    tool: 'gen_ai.tool.call.result',
  },
} as const;

/** Content in the attributes of an OTLP span: `gen_ai.*` of today and of before 1.37, or OpenLLMetry's own. */
export function contentOfAttributes(attributes: Fields, side: 'input' | 'output'): Content {
  const names = NAMES[side];
  const current = parsed(attributes[names.current]);
  if (Array.isArray(current)) {
    const system = side === 'input' ? parsed(attributes['gen_ai.system_instructions']) : undefined;
    const before = Array.isArray(system) ? [messageOf({ role: 'system', parts: system })] : [];
    return { ...EMPTY, messages: [...before, ...current.map(messageOf)] };
  }
  const older = numbered(attributes, names.older);
  if (older.length > 0) return { ...EMPTY, messages: older };
  return { ...EMPTY, value: parsed(attributes[names.tool] ?? attributes[names.entity]) };
}

function numbered(attributes: Fields, prefix: string): Message[] {
  const messages: Message[] = [];
  for (let n = 0; ; n += 1) {
    const role = attributes[`${prefix}.${n}.role`];
    const content = attributes[`${prefix}.${n}.content`];
    if (role === undefined && content === undefined) return messages;
    messages.push({ role: textOf(role) || 'message', text: lineOf(content), tools: [] });
  }
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
