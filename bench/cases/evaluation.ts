import { join } from 'node:path';
import type { BenchCase, Scale } from '../lib/case.ts';
import { observedEnvironment } from '../lib/observed.ts';
import { startProgram, withAgent, withFolder } from '../lib/programs.ts';
import { pairedRatio, quantile, summarise } from '../lib/stats.ts';
import type { EvaluationCosts } from '../programs/evaluations.ts';

/** `submitEvaluation` to disk beside dd-trace's into memory, which loses what exceeds 1,000 between two flushes. */
export const evaluation: BenchCase = {
  id: 'evaluation',
  promise: 'an evaluation on disk costs at most 2.5 times one that dd-trace keeps in memory',
  alternative: 'dd-trace llmobs.submitEvaluation, its flush not counted',
  run: (scale: Scale) =>
    withFolder((folder) =>
      withAgent(async (agentUrl) => {
        const env = observedEnvironment('keepspan', agentUrl, join(folder, 'journal'));
        const size = scale === 'tiny' ? ['3', '2', '20'] : ['30', '20', '500'];
        const program = startProgram('evaluations.ts', size, { ...env, KEEPSPAN_CUSTODY: 'evaluations' });
        try {
          const { subject, alternative, callsUs } = await program.heard<EvaluationCosts>();
          return [
            {
              name: 'main-thread CPU per evaluation',
              unit: 'µs' as const,
              subject: summarise(subject),
              alternative: summarise(alternative),
              ratio: pairedRatio(subject, alternative),
              gate: { of: 'ratio' as const, max: 2.5 },
              notes: {
                'single calls, p50 µs': quantile(callsUs, 0.5),
                'single calls, p99 µs': quantile(callsUs, 0.99),
              },
            },
          ];
        } finally {
          await program.stop();
        }
      }),
    ),
};
