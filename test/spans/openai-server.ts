import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

/** Speaks as much of the OpenAI HTTP API as its client needs: chat completions, whole and streamed. */
export async function startOpenAi(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { stream, messages } = JSON.parse(Buffer.concat(parts).toString()) as {
        stream?: boolean;
        messages: { content: string }[];
      };
      const common = { id: 'c1', created: 1, model: 'gpt-test' };
      if (messages[0]!.content === 'fail') {
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"error":{"message":"refused","type":"invalid"}}');
        return;
      }
      if (stream !== true) {
        const message = { role: 'assistant', content: '{"answer":42}', refusal: null };
        const body = {
          ...common,
          object: 'chat.completion',
          usage: USAGE,
          choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
        };
        response
          .writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'r1' })
          .end(JSON.stringify(body));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = (delta: object, finish: string | null) =>
        `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
      response.write(chunk({ role: 'assistant', content: '{"ans' }, null));
      response.write(chunk({ content: 'wer":42}' }, null));
      response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
