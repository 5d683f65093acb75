import { join } from 'node:path';
import { startApmTestAgent } from '../../scripts/counterparts/apm-test-agent.ts';
import { agentPayload, sendTraces } from '../lib/agent-traces.ts';
import type { BenchCase, Measurement, Scale } from '../lib/case.ts';
import { type Program, startProgram, withFolder } from '../lib/programs.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import type { WorkbenchReady, WorkbenchUse } from '../programs/workbench.ts';

/** Until both have compiled what they run. */
const WARM_UP = 100;
const SMALL_REQUEST = 10;

async function costOf(url: string, body: Uint8Array, spans: number): Promise<number> {
  const before = performance.now();
  await sendTraces(url, body, spans);
  return ((performance.now() - before) * 1000) / spans;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const rounded = (value: number): number => Math.round(value * 100) / 100;

interface Sides {
  readonly workbench: Program;
  readonly workbenchUrl: string;
  readonly agentUrl: string;
}

/** The same requests to both, in turns; `first` is the number of the first, since ids differ over the whole run. */
async function inTurns(
  { workbench, workbenchUrl, agentUrl }: Sides,
  { first, rounds, spans }: { readonly first: number; readonly rounds: number; readonly spans: number },
): Promise<Measurement> {
  const subject: number[] = [];
  const alternative: number[] = [];
  let before = await workbench.ask<WorkbenchUse>({});
  for (let round = -WARM_UP; round < rounds; round += 1) {
    if (round === 0) before = await workbench.ask<WorkbenchUse>({});
    const body = agentPayload(first + round + WARM_UP, spans);
    const mine = await costOf(workbenchUrl, body, spans);
    const theirs = await costOf(agentUrl, body, spans);
    if (round < 0) continue;
    subject.push(mine);
    alternative.push(theirs);
  }
  const after = await workbench.ask<WorkbenchUse>({});
  return {
    name: `from request to answer, per span of ${spans} in a request`,
    unit: 'µs',
    subject: summarise(subject),
    alternative: summarise(alternative),
    ratio: pairedRatio(subject, alternative),
    // Nothing is put off: the mean has SQLite's checkpoints in it, the processor's time all that a span costs.
    notes: {
      meanUs: rounded(mean(subject)),
      alternativeMeanUs: rounded(mean(alternative)),
      processorUs: rounded((after.processorUs - before.processorUs) / (rounds * spans)),
    },
  };
}

/** The same requests to the workbench, which stores them in a file, and to Datadog's test agent, in turns. */
export const workbenchIntake: BenchCase = {
  id: 'workbench-intake',
  promise:
    'the workbench takes spans at least five times as fast as dd-apm-test-agent, and keeps them on disk',
  alternative: 'dd-apm-test-agent 1.69.1 with its checks on, which keeps them in memory',
  run: (scale: Scale) =>
    withFolder(async (folder) => {
      const isTiny = scale === 'tiny';
      const workbench = startProgram('workbench.ts', [join(folder, 'workbench.db')], {});
      const agent = await startApmTestAgent();
      try {
        const { datadogUrl } = await workbench.heard<WorkbenchReady>();
        const sides = { workbench, workbenchUrl: datadogUrl, agentUrl: agent.url };
        const spans = isTiny ? 100 : 1000;
        const rounds = isTiny ? 3 : 150;
        const large = await inTurns(sides, { first: 0, rounds, spans });
        const offset = ((rounds + WARM_UP) * spans) / SMALL_REQUEST;
        const small = await inTurns(sides, { first: offset, rounds, spans: SMALL_REQUEST });
        return [{ ...large, gate: { of: 'ratio' as const, max: 0.2 } }, small];
      } finally {
        await Promise.all([workbench.stop(), agent.stop()]);
      }
    }),
};
