import { judgePrompt } from './judge.ts';
import { answerPrompt } from './patterns.ts';

/** The part of a chat completion request that the stand-in reads. */
interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
  /** The stream ends with an event that counts tokens. */
  readonly streamsUsage: boolean;
  readonly prompt: string;
  readonly promptChars: number;
}

/** Returns undefined when the body is no chat completion request. */
export function readChatRequest(body: unknown): ChatRequest | undefined {
  if (typeof body !== 'object' || body === null || !('messages' in body)) return undefined;
  const { messages } = body;
  if (!Array.isArray(messages)) return undefined;
  let prompt = '';
  let promptChars = 0;
  for (const message of messages as unknown[]) {
    if (typeof message !== 'object' || message === null) return undefined;
    const { role, content } = message as { role?: unknown; content?: unknown };
    if (typeof content !== 'string') return undefined;
    promptChars += content.length;
    if (role === 'user') prompt = content;
  }
  return {
    model: 'model' in body && typeof body.model === 'string' ? body.model : 'stand-in',
    stream: 'stream' in body && body.stream === true,
    streamsUsage: 'stream_options' in body && asksForUsage(body.stream_options),
    prompt,
    promptChars,
  };
}

function asksForUsage(options: unknown): boolean {
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  );
}

export function answerText(request: ChatRequest): string {
  const judgement = judgePrompt(request.prompt);
  if (judgement !== undefined) return judgement;
  const guess = answerPrompt(request.prompt);
  return JSON.stringify({ value: guess?.value ?? null, confidence: guess?.confidence ?? 0 });
}

/** Four characters a token: the usual rule of thumb; the stand-in has no tokenizer. */
function usage(request: ChatRequest, text: string): Record<string, number> {
  const prompt = Math.ceil(request.promptChars / 4);
  const completion = Math.ceil(text.length / 4);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

export function completion(id: string, createdS: number, request: ChatRequest, text: string): unknown {
  return {
    id,
    object: 'chat.completion',
    created: createdS,
    model: request.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: usage(request, text),
  };
}

/** The same answer as server-sent events, a dozen characters each, closed by `[DONE]`. */
export function completionEvents(id: string, createdS: number, request: ChatRequest, text: string): string[] {
  const event = (delta: unknown, finish: string | null): string =>
    `data: ${JSON.stringify({
      id,
      object: 'chat.completion.chunk',
      created: createdS,
      model: request.model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    })}\n\n`;
  const usageEvent = (): string =>
    `data: ${JSON.stringify({
      ...{ id, object: 'chat.completion.chunk', created: createdS, model: request.model, choices: [] },
      usage: usage(request, text),
    })}\n\n`;
  const pieces = text.match(/[\s\S]{1,12}/g) ?? [];
  return [
    event({ role: 'assistant', content: '' }, null),
    ...pieces.map((content) => event({ content }, null)),
    event({}, 'stop'),
    ...(request.streamsUsage ? [usageEvent()] : []),
    'data: [DONE]\n\n',
  ];
}
