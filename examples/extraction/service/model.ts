import type OpenAI from 'openai';
import type { Chunk } from './documents.ts';
import type { FieldQuestion } from './fields.ts';

export interface Model {
  /** The text the model answers; rejects when it cannot be reached or takes too long. */
  ask(field: FieldQuestion, passages: readonly Chunk[]): Promise<string>;
}

const INSTRUCTIONS = [
  'You read the documentation of a software package and answer one question about it.',
  'Use only the passages given. Answer with one JSON object and nothing else:',
  '{"value": string or null, "confidence": number from 0 to 1}.',
  'Use null when the passages do not tell.',
].join(' ');

/** Any endpoint that speaks the OpenAI chat completions API. */
export function chatModel(client: OpenAI, model: string): Model {
  return {
    async ask(field, passages) {
      const request = {
        model,
        messages: [
          { role: 'system' as const, content: INSTRUCTIONS },
          { role: 'user' as const, content: prompt(field, passages) },
        ],
      };
      if (!field.stream) {
        const completion = await client.chat.completions.create(request);
        return completion.choices[0]?.message.content ?? '';
      }
      let text = '';
      // Without it a stream ends without usage, and its span without tokens.
      const options = { stream: true, stream_options: { include_usage: true } } as const;
      const stream = await client.chat.completions.create({ ...request, ...options });
      for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
      return text;
    },
  };
}

function prompt(field: FieldQuestion, passages: readonly Chunk[]): string {
  const context = passages.map((chunk, index) => `[${index + 1}] (${chunk.source})\n${chunk.text}`);
  return `Question: ${field.question}\n\nPassages:\n${context.join('\n\n')}`;
}
