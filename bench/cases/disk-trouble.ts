import { join } from 'node:path';
import type { Trouble, TroubleCost, TroubleRound } from '../programs/disk-trouble.ts';
import type { BenchCase, Measurement, Scale } from '../lib/case.ts';
import { observedEnvironment, type Side } from '../lib/observed.ts';
import { startProgram, withAgent, withFolder } from '../lib/programs.ts';
import { summarise } from '../lib/stats.ts';

const TROUBLES: readonly Trouble[] = ['none', 'full', 'read-only', 'throttled'];

/** How long the event loop is kept busy when bodies are large and the journal's disk is full, read-only or slow. */
export const diskTrouble: BenchCase = {
  id: 'disk-trouble',
  promise:
    'a full, read-only or throttled disk and bodies of 200 KB to 5 MB hold up the event loop 5 ms longer at most (p99.9), and every signal is counted',
  alternative: 'plain dd-trace with its own timers, which knows no disk',
  async run(scale: Scale) {
    const tiny = scale === 'tiny';
    const shape = {
      ticks: tiny ? 3 : 400,
      tickMs: 40,
      characters: 200_000,
      largeCharacters: 4_800_000,
      largeEvery: tiny ? 3 : 50,
    };
    const measurements: Measurement[] = [];
    for (const trouble of TROUBLES) measurements.push(await measure({ ...shape, trouble }, tiny ? 1 : 5));
    return measurements;
  },
};

/** Both sides at once would share the cores: one after the other, in turns. */
function measure(round: TroubleRound, rounds: number): Promise<Measurement> {
  return withFolder((folder) =>
    withAgent(async (agentUrl) => {
      const start = async (side: Side) => {
        const env = observedEnvironment(side, agentUrl, join(folder, 'journal'));
        const program = startProgram('disk-trouble.ts', [side], env);
        await program.heard();
        return program;
      };
      const sides = { keepspan: await start('keepspan'), plain: await start('plain') };
      const costs: Record<Side, TroubleCost[]> = { keepspan: [], plain: [] };
      try {
        for (const side of ['keepspan', 'plain'] as const)
          await sides[side].ask<TroubleCost>({ ...round, trouble: 'none', ticks: 3 });
        for (let i = 0; i < rounds; i++) {
          for (const side of i % 2 === 0
            ? (['keepspan', 'plain'] as const)
            : (['plain', 'keepspan'] as const))
            costs[side].push(await sides[side].ask<TroubleCost>(round));
        }
      } finally {
        await Promise.all([sides.keepspan.stop(), sides.plain.stop()]);
      }
      return toMeasurement(round.trouble, costs);
    }),
  );
}

function toMeasurement(trouble: Trouble, costs: Readonly<Record<Side, readonly TroubleCost[]>>): Measurement {
  const last = costs.keepspan.at(-1)!;
  if (costs.keepspan.some(({ unaccounted }) => unaccounted !== 0))
    throw new Error(`disk ${trouble}: ${JSON.stringify(costs.keepspan)}`);
  return {
    name: `event-loop delay, p99.9, disk: ${trouble}`,
    unit: 'ms',
    subject: summarise(costs.keepspan.map((cost) => cost.delayP999Ms)),
    alternative: summarise(costs.plain.map((cost) => cost.delayP999Ms)),
    gate: { of: 'difference', max: 5 },
    notes: {
      'longest, ms': Math.max(...costs.keepspan.map((cost) => cost.delayMaxMs)).toFixed(1),
      'longest of dd-trace alone, ms': Math.max(...costs.plain.map((cost) => cost.delayMaxMs)).toFixed(1),
      'in memory at the end of a round': Math.max(...costs.keepspan.map((cost) => cost.inMemory)),
      'dropped at the bound of memory, counted': last.dropped,
      said: last.said,
    },
  };
}
