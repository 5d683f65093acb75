import { join } from 'node:path';
import type { BenchCase, Scale } from '../lib/case.ts';
import { observedEnvironment } from '../lib/observed.ts';
import { startProgram, withAgent, withFolder } from '../lib/programs.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import type { ApmRound } from '../programs/apm-spans.ts';
import type { ThroughputCosts } from '../programs/sampling-throughput.ts';

/** What a policy costs delivery, off the application's event loop: 100,000 spans a second are 10 µs a span. */
export const samplingThroughput: BenchCase = {
  id: 'sampling-throughput',
  promise: 'decode, verdict, forward and hit statistics at 100,000 spans/s on one core',
  alternative: 'forwarding the same payloads without a policy',
  async run(scale: Scale) {
    const program = startProgram(
      'sampling-throughput.ts',
      scale === 'tiny' ? ['2', '60'] : ['31', '500'],
      {},
    );
    try {
      const { judged, plain, dropped } = await program.heard<ThroughputCosts>();
      return [
        {
          name: 'a span',
          unit: 'ns' as const,
          subject: summarise(judged),
          alternative: summarise(plain),
          ratio: pairedRatio(judged, plain),
          gate: { of: 'median' as const, max: 10_000 },
          notes: { 'share sampled out': dropped },
        },
      ];
    } finally {
      await program.stop();
    }
  },
};

const WARM_UP = 2;

/** What a policy costs the application: the tracer counts hits and errors by itself. */
export const samplingMainThread: BenchCase = {
  id: 'sampling-main-thread',
  promise: 'a policy costs the main thread at most 1 µs a span over the stack alone',
  alternative: 'Keepspan in full custody without a policy (development)',
  run: (scale: Scale) =>
    withFolder((folder) =>
      withAgent(async (agentUrl) => {
        const start = async (env: 'production' | 'development') => {
          const observed = observedEnvironment('keepspan', agentUrl, join(folder, env));
          const program = startProgram('apm-spans.ts', [], { ...observed, DD_ENV: env });
          await program.heard();
          return program;
        };
        const programs = { subject: await start('production'), alternative: await start('development') };
        const round: ApmRound = { ticks: scale === 'tiny' ? 2 : 40, tickMs: 25, tracesPerTick: 50 };
        try {
          const costs = { subject: [] as number[], alternative: [] as number[] };
          for (let i = -WARM_UP; i < (scale === 'tiny' ? 2 : 15); i += 1) {
            const order =
              i % 2 === 0 ? (['subject', 'alternative'] as const) : (['alternative', 'subject'] as const);
            for (const side of order) {
              const cost = await programs[side].ask<number>(round);
              if (i >= 0) costs[side].push(cost);
            }
          }
          return [
            {
              name: '4000 spans/s, main-thread CPU per span',
              unit: 'µs' as const,
              subject: summarise(costs.subject),
              alternative: summarise(costs.alternative),
              ratio: pairedRatio(costs.subject, costs.alternative),
              gate: { of: 'difference' as const, max: 1 },
            },
          ];
        } finally {
          await Promise.all([programs.subject.stop(), programs.alternative.stop()]);
        }
      }),
    ),
};
