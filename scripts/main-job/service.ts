import type { Exit, Program, Programs } from './processes.ts';

/** How long a service may take to listen. */
const START_TIMEOUT_MS = 20_000;
/** Keepspan's whole shutdown ends within 25 s, and it steps in 2 s after the last phase: then it is ours to kill. */
const STOP_TIMEOUT_MS = 30_000;
const PROBE_INTERVAL_MS = 50;

export interface RunningService {
  readonly baseUrl: string;
  /** Health probes that were answered so far. */
  readonly probes: () => number;
  /** Sends the signal and waits for the end. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<Exit>;
  outputTail(): string;
}

/** Starts the reference service under `keepspan/register` and probes its health, as an orchestrator does. */
export async function startService(
  programs: Programs,
  entryFile: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunningService> {
  const program: Program = programs.start('the service', ['--import', 'keepspan/register', entryFile], env);
  const { addresses } = await program.line('addresses', START_TIMEOUT_MS);
  const [address] = addresses as { address: string; port: number }[];
  if (address === undefined) throw new Error('the service listens nowhere');
  const baseUrl = `http://${address.address}:${address.port}`;
  let probes = 0;
  let unanswered = 0;
  const timer = setInterval(() => {
    fetch(`${baseUrl}/health`, { signal: AbortSignal.timeout(2_000) }).then(
      async (response) => {
        await response.arrayBuffer();
        probes += 1;
      },
      // A service that stops answers no probe, which is right; nothing is concluded from it.
      () => (unanswered += 1),
    );
  }, PROBE_INTERVAL_MS);
  timer.unref();
  return {
    baseUrl,
    probes: () => probes,
    async stop(signal) {
      program.kill(signal);
      try {
        return await program.ended(STOP_TIMEOUT_MS);
      } finally {
        clearInterval(timer);
      }
    },
    outputTail: () => program.outputTail(),
  };
}
