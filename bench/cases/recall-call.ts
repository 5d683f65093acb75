import { join } from 'node:path';
import type { BenchCase, Measurement, Scale } from '../lib/case.ts';
import { observedEnvironment } from '../lib/observed.ts';
import { startProgram, withAgent, withFolder } from '../lib/programs.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import type { RecallCallCosts } from '../programs/recall-call.ts';

/** What `hybridRecall` costs its caller, who gets a handle when 20 KB of input are on disk. */
export const recallCall: BenchCase = {
  id: 'recall-call',
  promise: 'hybridRecall returns to its caller in 50 µs for 20 KB of input',
  alternative: 'JSON.stringify and one write to a file; a plain submitEvaluation',
  run: (scale: Scale) =>
    withFolder((folder) =>
      withAgent(async (agentUrl) => {
        const env = observedEnvironment('keepspan', agentUrl, join(folder, 'journal'));
        const size = scale === 'tiny' ? ['3', '20'] : ['30', '200'];
        const measure = async (text: 'ascii' | 'typographic'): Promise<Measurement[]> => {
          const args = [...size, join(folder, 'file'), text];
          const program = startProgram('recall-call.ts', args, {
            ...env,
            KEEPSPAN_JOURNAL_DIR: join(folder, `journal-${text}`),
            KEEPSPAN_RECALL_QUEUE_MAX_BYTES: '1GiB',
            KEEPSPAN_RECALL_QUEUE_MAX_JOBS: '100000',
          });
          try {
            const { subject, evaluation, write } = await program.heard<RecallCallCosts>();
            return [
              {
                name: `20 KB of ${text} text, beside stringify and write`,
                unit: 'µs',
                subject: summarise(subject),
                alternative: summarise(write),
                ratio: pairedRatio(subject, write),
                gate: { of: 'median', max: 50 },
              },
              {
                name: `20 KB of ${text} text, beside submitEvaluation`,
                unit: 'µs',
                subject: summarise(subject),
                alternative: summarise(evaluation),
                ratio: pairedRatio(subject, evaluation),
              },
            ];
          } finally {
            await program.stop();
          }
        };
        return [...(await measure('ascii')), ...(await measure('typographic'))];
      }),
    ),
};
