import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchCase, Measurement, Scale } from '../lib/case.ts';
import { withFolder } from '../lib/programs.ts';
import { summarise } from '../lib/stats.ts';

const PROGRAM = fileURLToPath(new URL('../programs/otlp-shutdown.ts', import.meta.url));

/** From `provider.shutdown()` to the 'exit' handlers of the process, with a receiver that is down. */
export const otlpShutdown: BenchCase = {
  id: 'otlp-shutdown',
  promise: 'with its receiver down a process ends at most 300 ms after shutdown, its spans on disk',
  alternative: 'BatchSpanProcessor with @opentelemetry/exporter-trace-otlp-proto, which loses them',
  run: (scale: Scale) =>
    withFolder(async (folder) => {
      const url = `http://127.0.0.1:${await closedPort()}`;
      const measurements: Measurement[] = [];
      for (const [name, runsMs] of [
        ['a service that has run for a second', 1000],
        ['at once after the start', 0],
      ] as const) {
        const run = async (side: 'custody' | 'batch', n: number): Promise<number> => {
          const env = { PATH: '', KEEPSPAN_JOURNAL_DIR: join(folder, `${runsMs}-${n}`) };
          const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, side, url, `${runsMs}`], {
            env,
          });
          return (JSON.parse(stdout) as { readonly endMs: number }).endMs;
        };
        const subject: number[] = [];
        for (let n = 0; n < (scale === 'tiny' ? 1 : 9); n++) subject.push(await run('custody', n));
        measurements.push({
          name,
          unit: 'ms',
          subject: summarise(subject),
          alternative: summarise([await run('batch', 0)]),
          gate: { of: 'median', max: 300 },
        });
      }
      return measurements;
    }),
};

/** Of a server that is gone: nobody listens there. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
