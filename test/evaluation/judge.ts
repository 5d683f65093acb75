import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** An endpoint that speaks OpenAI's chat completions and gives one verdict. */
export async function startJudge(t: TestContext): Promise<string> {
  const verdict = JSON.stringify({ score: 0.25, assessment: 'fail', reasoning: 'half of it' });
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'chatcmpl-1',
          object: 'chat.completion',
          model: 'judge-model',
          choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: verdict } }],
          usage: { prompt_tokens: 90, completion_tokens: 10, total_tokens: 100 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
