import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { environmentWith } from '../settings/environment.ts';
import { requestRound, Traffic, type Round } from '../verify/traffic.ts';
import type { VerifyOptions } from './verify-options.ts';

/** Whether a person uses the service: asked for, or nobody else was named and one is there. */
export function waits(
  { request, script, wait }: VerifyOptions,
  { stdin, stderr }: Pick<NodeJS.Process, 'stdin' | 'stderr'> = process,
): boolean {
  if (wait === true || request !== undefined || script !== undefined) return wait === true;
  return stdin.isTTY && stderr.isTTY;
}

/**
 * What gives the service work.
 *
 * @throws RangeError when a request is not of its form, or there is none
 */
export function trafficOf({ request = [], script, wait }: VerifyOptions): Traffic {
  if (script !== undefined) return new Traffic(scriptRound(script));
  if (request.length === 0 && wait !== true)
    throw new RangeError('nothing would be sent: --request "POST /path body", --script FILE, or --wait');
  return new Traffic(requestRound(request));
}

/** A program as a round of work; it finds the service at `SERVICE_URL`, and fails by its exit code. */
function scriptRound(file: string): Round {
  return async (baseUrl) => {
    const child = spawn(process.execPath, [file], {
      env: environmentWith({ SERVICE_URL: baseUrl }),
      stdio: ['ignore', 'ignore', process.stderr.fd],
    });
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    const line = { method: 'script', path: file, body: undefined };
    return [code === 0 ? { line, status: 200 } : { line, status: 0, error: `ended with ${code}` }];
  };
}

/** Says where the service is and waits for a line on stdin. */
export async function waitForUser(baseUrl: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal gives Ctrl-C to who reads lines, as a rejection; it is meant for the command.
  lines.on('SIGINT', () => {
    process.stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  try {
    await lines.question(`The service listens at ${baseUrl}. Use it, then press Enter. `);
  } finally {
    lines.close();
  }
}
