// Speaks as much of OpenAI's HTTP API as the clients ask for. Shares no code with what it is asked by.
import type { ServerResponse } from 'node:http';

/** Tokens of an answer, by the model's name, so that no two calls have the same. */
export function tokensOf(model: string): readonly [input: number, output: number] {
  const sum = Buffer.from(model).reduce((total, byte) => total + byte, 0);
  return [100 + (sum % 97), 10 + (sum % 7)];
}

const WORDS = ['hello ', 'there ', 'friend'];

export function answerOpenAi(response: ServerResponse, body: string): void {
  const { model, stream } = JSON.parse(body) as { model: string; stream?: boolean };
  if (/failed/.test(model)) {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: `no ${model}`, type: 'server_error' } }));
    return;
  }
  const [input, output] = tokensOf(model);
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  if (stream !== true) {
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'r' });
    const message = { role: 'assistant', content: WORDS.join('') };
    response.end(
      JSON.stringify({
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model,
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      }),
    );
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'r' });
  const write = (choices: readonly object[], more: object = {}): void => {
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model, choices, ...more };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  for (const [index, content] of WORDS.entries()) {
    write([{ index: 0, delta: { ...(index === 0 && { role: 'assistant' }), content }, finish_reason: null }]);
  }
  if (/midway/.test(model)) {
    response.end(
      `data: ${JSON.stringify({ error: { message: `no more ${model}`, type: 'server_error' } })}\n\n`,
    );
    return;
  }
  write([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  write([], { usage });
  response.end('data: [DONE]\n\n');
}
