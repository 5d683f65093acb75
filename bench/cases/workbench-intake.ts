import { join } from 'node:path';
import { startApmTestAgent } from '../../scripts/counterparts/apm-test-agent.ts';
import { agentPayload, sendTraces } from '../lib/agent-traces.ts';
import type { BenchCase, Scale } from '../lib/case.ts';
import { startProgram, withFolder } from '../lib/programs.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import type { WorkbenchReady } from '../programs/workbench.ts';

const WARM_UP = 5;

async function costOf(url: string, body: Uint8Array, spans: number): Promise<number> {
  const before = performance.now();
  await sendTraces(url, body, spans);
  return ((performance.now() - before) * 1000) / spans;
}

/** The same requests to the workbench, which stores them in a file, and to Datadog's test agent, in turns. */
export const workbenchIntake: BenchCase = {
  id: 'workbench-intake',
  promise:
    'the workbench takes spans at least five times as fast as dd-apm-test-agent, and keeps them on disk',
  alternative: 'dd-apm-test-agent 1.69.1 with its checks on, which keeps them in memory',
  run: (scale: Scale) =>
    withFolder(async (folder) => {
      const spans = scale === 'tiny' ? 100 : 1000;
      const rounds = scale === 'tiny' ? 3 : 60;
      const workbench = startProgram('workbench.ts', [join(folder, 'workbench.db')], {});
      const agent = await startApmTestAgent();
      try {
        const { datadogUrl } = await workbench.heard<WorkbenchReady>();
        const subject: number[] = [];
        const alternative: number[] = [];
        for (let round = -WARM_UP; round < rounds; round += 1) {
          const body = agentPayload(round + WARM_UP, spans);
          const mine = await costOf(datadogUrl, body, spans);
          const theirs = await costOf(agent.url, body, spans);
          if (round < 0) continue;
          subject.push(mine);
          alternative.push(theirs);
        }
        return [
          {
            name: `from request to answer, per span of ${spans} in a request`,
            unit: 'µs' as const,
            subject: summarise(subject),
            alternative: summarise(alternative),
            ratio: pairedRatio(subject, alternative),
            gate: { of: 'ratio' as const, max: 0.2 },
          },
        ];
      } finally {
        await Promise.all([workbench.stop(), agent.stop()]);
      }
    }),
};
