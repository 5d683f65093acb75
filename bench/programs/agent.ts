// Stands in for the Datadog Agent: reads and forgets, answers 200. Says its URL to the parent.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AgentReady {
  readonly url: string;
}

const INFO = JSON.stringify({ endpoints: ['/v0.4/traces', '/v0.6/stats'] });
const server = createServer((request, response) => {
  const answer = request.url === '/info' ? INFO : '{}';
  request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(answer));
});
server.listen(0, '127.0.0.1', () => {
  const ready: AgentReady = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  process.send!(ready);
});
process.on('disconnect', () => process.exit());
