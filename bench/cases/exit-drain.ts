import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase, Gate, Measurement, Scale } from '../lib/case.ts';
import { observedEnvironment, type Side } from '../lib/observed.ts';
import { withAgent, withFolder } from '../lib/programs.ts';
import { summarise } from '../lib/stats.ts';
import type { ExitCost } from '../programs/exit-drain.ts';

const PROGRAM = fileURLToPath(new URL('../programs/exit-drain.ts', import.meta.url));

interface Variant {
  readonly name: string;
  readonly custody: 'full' | 'wire';
  readonly traces: 'each' | 'open';
  readonly env: Readonly<Record<string, string>>;
  readonly gate?: Gate;
}

const VARIANTS: readonly Variant[] = [
  { name: 'custody full', custody: 'full', traces: 'each', env: {}, gate: { of: 'median', max: 10 } },
  // Here dd-trace's writers still hold up to 800 LLM spans.
  { name: 'custody wire', custody: 'wire', traces: 'each', env: {} },
  {
    // The worst there is: dd-trace formats and encodes 2,000 spans, its code never run before, in the handler.
    name: 'custody full, all in one open trace that dd-trace was told to hold',
    custody: 'full',
    traces: 'open',
    env: { DD_TRACE_PARTIAL_FLUSH_MIN_SPANS: '100000' },
  },
];

/** What a synchronous 'exit' handler takes to bring everything into custody that dd-trace still holds. */
export const exitDrain: BenchCase = {
  id: 'exit-drain',
  promise:
    "the 'exit' handler takes 1,000 spans, 1,000 LLM spans and 1,000 evaluations into custody in at most 10 ms",
  alternative: "plain dd-trace's 'exit' handlers, which keep nothing of it",
  run: (scale: Scale) =>
    withFolder((folder) =>
      withAgent(async (agentUrl) => {
        const count = scale === 'tiny' ? 20 : 1000;
        const measurements: Measurement[] = [];
        for (const { name, custody, traces, env, gate } of VARIANTS) {
          const run = (side: Side) =>
            exitOnce([side, String(count), traces], {
              ...observedEnvironment(side, agentUrl, join(folder, 'journal')),
              ...(side === 'keepspan' ? { KEEPSPAN_CUSTODY: custody } : {}),
              ...env,
            });
          const drainsMs = { keepspan: [] as number[], plain: [] as number[] };
          for (let round = 0; round < (scale === 'tiny' ? 1 : 15); round++) {
            const { drainMs, created, kept } = await run('keepspan');
            // An LLM span is an APM span, too; a root that never ends is no signal.
            if (created !== 4 * count || kept !== created)
              throw new Error(`${name}: ${kept} of ${created} signals kept`);
            drainsMs.keepspan.push(drainMs);
            drainsMs.plain.push((await run('plain')).drainMs);
          }
          measurements.push({
            name,
            unit: 'ms',
            subject: summarise(drainsMs.keepspan),
            alternative: summarise(drainsMs.plain),
            ...(gate === undefined ? {} : { gate }),
          });
        }
        return measurements;
      }),
    ),
};

async function exitOnce(args: readonly string[], env: Readonly<Record<string, string>>): Promise<ExitCost> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`exit-drain ended with ${code}: ${errors}`);
  return JSON.parse(said) as ExitCost;
}
