import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchCase, Measurement, Scale } from '../lib/case.ts';
import { pairedRatio, quantile, summarise } from '../lib/stats.ts';

const file = (name: string) => new URL(`../programs/start/${name}`, import.meta.url);

/** Options of node, one set for each process that is compared. */
const STARTS = {
  keepspan: ['--import', import.meta.resolve('keepspan/register')],
  bare: [],
  /** The floor: what any `--import` costs. */
  floor: ['--import', file('empty.mjs').href],
} as const;

type Start = keyof typeof STARTS;

/** The preload where nothing is switched on: a whole process, from the start to the exit. */
export const start: BenchCase = {
  id: 'start',
  promise:
    'node --import keepspan/register, switched off, starts in at most 1.2 times the time of node alone',
  alternative: 'node alone; an empty --import as the floor',
  async run(scale: Scale) {
    const measurements: Measurement[] = [];
    for (const app of ['app.mjs', 'app.cjs']) {
      const times: Record<Start, Times> = { keepspan: newTimes(), bare: newTimes(), floor: newTimes() };
      for (let round = 0; round < (scale === 'tiny' ? 2 : 60); round++) {
        // Each takes each place in turn.
        const order = (['keepspan', 'bare', 'floor'] as const).map(
          (_, i, all) => all[(i + round) % all.length]!,
        );
        for (const name of order) await startOnce([...STARTS[name], fileURLToPath(file(app))], times[name]);
      }
      const { keepspan, bare, floor } = times;
      const cpuRatio = pairedRatio(keepspan.cpuMs, bare.cpuMs);
      measurements.push({
        name: `${app.endsWith('.mjs') ? 'ESM' : 'CommonJS'} application, CPU of the process up to its exit`,
        unit: 'ms',
        subject: summarise(keepspan.cpuMs),
        alternative: summarise(bare.cpuMs),
        ratio: cpuRatio,
        gate: { of: 'ratio', max: 1.2 },
        notes: {
          'floor, ms': quantile(floor.cpuMs, 0.5),
          'ratio of the floor': pairedRatio(floor.cpuMs, bare.cpuMs),
          'wall clock, keepspan ms': quantile(keepspan.wallMs, 0.5),
          'wall clock, node alone ms': quantile(bare.wallMs, 0.5),
          'wall clock, ratio': pairedRatio(keepspan.wallMs, bare.wallMs),
        },
      });
    }
    return measurements;
  },
};

interface Times {
  readonly wallMs: number[];
  readonly cpuMs: number[];
}

function newTimes(): Times {
  return { wallMs: [], cpuMs: [] };
}

/** The application writes its CPU time in microseconds to stdout as the last thing it does. */
async function startOnce(args: readonly string[], times: Times): Promise<void> {
  const before = performance.now();
  const child = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  times.wallMs.push(performance.now() - before);
  const cpuUs = Number(said);
  if (!(cpuUs > 0)) throw new Error(`${args.join(' ')} did not run: ${said}`);
  times.cpuMs.push(cpuUs / 1000);
}
