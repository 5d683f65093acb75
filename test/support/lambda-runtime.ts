import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Program } from './program.ts';

/** How one invocation ended. */
export interface Invocation {
  readonly outcome: 'response' | 'error';
  readonly body: string;
  /** Milliseconds from the event to the answer. */
  readonly durationMs: number;
}

export interface InvokeOptions {
  /** The function's timeout, which the runtime is told as a deadline. */
  readonly timeoutMs?: number;
  /** Called when the answer is here and the sandbox not yet frozen. */
  readonly answered?: () => void;
}

/**
 * The Runtime API of AWS Lambda for one sandbox (docs.aws.amazon.com/lambda, Runtime API): `next`, `response`, `error`,
 * `init/error`. From the moment the runtime asks for an event that is not there yet, until it is, the process stands
 * still: SIGSTOP and SIGCONT stand for Lambda's freezer.
 */
export interface Sandbox {
  /** `host:port`, as AWS_LAMBDA_RUNTIME_API has it. */
  readonly api: string;
  /** Times that the process was frozen. */
  readonly freezes: () => number;
  /** The process in it; another one takes its place after a kill. */
  attach(program: Program): void;
  /** One event; resolves with the answer, when the process is frozen again. Rejects when it ends before. */
  invoke(event: unknown, options?: InvokeOptions): Promise<Invocation>;
  close(): Promise<void>;
}

interface Pending {
  readonly id: string;
  readonly event: unknown;
  readonly options: InvokeOptions;
  readonly resolve: (invocation: Invocation) => void;
  readonly reject: (error: Error) => void;
  startMs: number;
  ended?: Invocation;
}

const PREFIX = '/2018-06-01/runtime';

export async function startSandbox(): Promise<Sandbox> {
  let program: Program | undefined;
  let waiting: ServerResponse | undefined;
  let current: Pending | undefined;
  /** Why there is no process any more. */
  let ended: Error | undefined;
  let freezes = 0;
  let requests = 0;

  const freeze = (): void => {
    program?.process.kill('SIGSTOP');
    freezes += 1;
  };

  function hand(response: ServerResponse, pending: Pending): void {
    pending.startMs = performance.now();
    const { timeoutMs = 30_000 } = pending.options;
    response.writeHead(200, {
      'content-type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': pending.id,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + timeoutMs),
      'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:eu-central-1:123456789012:function:extract',
      'Lambda-Runtime-Trace-Id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1',
    });
    response.end(JSON.stringify(pending.event));
  }

  function next(response: ServerResponse): void {
    const done = current;
    waiting = response;
    freeze();
    if (done?.ended === undefined) return;
    current = undefined;
    done.resolve(done.ended);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const path = request.url ?? '';
    if (path === `${PREFIX}/invocation/next`) return next(response);
    if (path === `${PREFIX}/init/error`) {
      current?.reject(new Error(`the runtime did not start: ${body}`));
      response.writeHead(202).end();
      return;
    }
    const [, id, outcome] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (current === undefined || id !== current.id) {
      response.writeHead(404).end();
      return;
    }
    current.ended = {
      outcome: outcome as Invocation['outcome'],
      body,
      durationMs: performance.now() - current.startMs,
    };
    current.options.answered?.();
    response.writeHead(202).end();
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      current?.reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    api: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    freezes: () => freezes,
    attach(started) {
      program = started;
      ended = undefined;
      waiting = undefined;
      void started.ended.then(({ stderr }) => {
        if (program !== started) return;
        ended = new Error(`the runtime ended in the middle of an invocation: ${stderr}`);
        current?.reject(ended);
        current = undefined;
      });
    },
    invoke(event, options = {}) {
      return new Promise((resolve, reject) => {
        const id = `request-${(requests += 1)}`;
        current = { id, event, options, resolve, reject, startMs: performance.now() };
        const given = current;
        const hands = (): void => {
          if (current !== given) return;
          if (ended !== undefined) {
            reject(ended);
            return;
          }
          if (waiting === undefined) {
            setTimeout(hands, 5); // The runtime is still starting.
            return;
          }
          const response = waiting;
          waiting = undefined;
          program?.process.kill('SIGCONT');
          hand(response, given);
        };
        hands();
      });
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
