import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface QueueEndpoint {
  readonly url: string;
  readonly polls: () => number;
  close(): void;
}

/** A queue that is always empty: it answers every poll with "nothing" and counts them. */
export async function startQueueEndpoint(): Promise<QueueEndpoint> {
  let polls = 0;
  const server = createServer((_request, response) => {
    polls += 1;
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/queues/extraction/messages`,
    polls: () => polls,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
