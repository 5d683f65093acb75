import { fileURLToPath } from 'node:url';
import { freePorts, runLeashed, thrice, until } from './started.ts';

export interface SqsEndpoint {
  readonly url: string;
  queueUrl(name: string): string;
  stop(): Promise<void>;
}

const SERVER = fileURLToPath(new URL('sqs-server.mjs', import.meta.url));
const START_MS = 15_000;

/** Starts an SQS endpoint with these queues on loopback, in a process of its own. */
export function startSqs(queues: readonly string[]): Promise<SqsEndpoint> {
  return thrice(async () => {
    const [port] = (await freePorts(1)) as [number];
    const server = runLeashed(process.execPath, [SERVER, String(port), ...queues]);
    const url = `http://127.0.0.1:${port}`;
    try {
      await until(
        async () => void (await fetch(url, { signal: AbortSignal.timeout(1000) })),
        START_MS,
        server.died,
      );
    } catch (error) {
      await server.stop();
      throw new Error(`the SQS endpoint did not start: ${server.output()}`, { cause: error });
    }
    return { url, queueUrl: (name) => `${url}/123456789012/${name}`, stop: () => server.stop() };
  });
}
