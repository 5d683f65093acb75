import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CapturedRequest {
  readonly method: string;
  readonly path: string;
  /** As they came, name and value. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Captured {
  readonly requests: readonly CapturedRequest[];
  /** JSON texts of the events that the LLM writers were given. */
  readonly events: readonly { readonly type: 'span' | 'evaluation_metric'; readonly text: string }[];
}

/** What a real dd-trace sends from `encode-capture-child.ts`, received by a server that knows nothing of it. */
export async function capture(env: Readonly<Record<string, string>> = {}): Promise<Captured> {
  const requests: CapturedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', rawHeaders } = request;
      const headers: Record<string, string> = {};
      for (let i = 0; i < rawHeaders.length; i += 2) headers[rawHeaders[i]!] = rawHeaders[i + 1]!;
      requests.push({ method, path: url, headers, body: Buffer.concat(chunks) });
      response.end(url === '/info' ? '{"endpoints":["/v0.4/traces","/v0.5/traces","/evp_proxy/v2/"]}' : '{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const child = spawn(process.execPath, [new URL('encode-capture-child.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
    env: {
      PATH: process.env['PATH'],
      DD_TRACE_AGENT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      DD_LLMOBS_ENABLED: '1',
      DD_LLMOBS_ML_APP: 'capture',
      DD_LLMOBS_AGENTLESS_ENABLED: 'false',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      DD_RUNTIME_METRICS_ENABLED: 'false',
      DD_CRASHTRACKING_ENABLED: 'false',
      ...env,
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  server.close();
  server.closeAllConnections();
  if (code !== 0) throw new Error(`the captured application ended with ${code}`);
  const lines = output.split('\n').filter((line) => line !== '');
  return { requests, events: lines.map((line) => JSON.parse(line) as Captured['events'][number]) };
}
