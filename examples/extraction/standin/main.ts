import type { AddressInfo } from 'node:net';
import { createStandIn } from './server.ts';

const server = createStandIn({ latencyMs: Number(process.env['STANDIN_LATENCY_MS'] ?? 10) });
server.listen(Number(process.env['STANDIN_PORT'] ?? 0), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}/v1` })}\n`);
});
