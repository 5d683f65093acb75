import type { BenchCase, Scale } from '../lib/case.ts';
import { startProgram } from '../lib/programs.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import type { LoadCost } from '../programs/settings-load.ts';

/** As a deployment has it: settings of ours, of dd-trace, and names of neither. */
const ENVIRONMENT = {
  HOME: '/nonexistent',
  HOSTNAME: 'pod-1',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  KUBERNETES_SERVICE_PORT: '443',
  DD_LLMOBS_ENABLED: '1',
  DD_SERVICE: 'orders',
  DD_ENV: 'production',
  DD_VERSION: '1.0.0',
  DD_TRACE_AGENT_URL: 'http://10.0.0.5:8126',
  DD_TRACE_SAMPLING_RULES: '[{"resource":"GET /health","sample_rate":0}]',
  DD_LOGS_INJECTION: 'true',
  DD_RUNTIME_METRICS_ENABLED: 'true',
  KEEPSPAN_JOURNAL_DIR: '/var/lib/keepspan',
  KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '25s',
};

/** The table and the file that is not there: paid once a process, cold, before the application starts. */
export const settingsLoad: BenchCase = {
  id: 'settings-load',
  promise: 'the settings of a process are read in at most 3 ms, and checked after the start',
  alternative: 'dd-trace reading its own settings',
  async run(scale: Scale) {
    const costs = { keepspan: [] as number[], later: [] as number[], ddTrace: [] as number[] };
    for (let round = 0; round < (scale === 'tiny' ? 2 : 25); round += 1) {
      const { cpuMs, laterCpuMs } = await costOf('keepspan');
      costs.keepspan.push(cpuMs);
      costs.later.push(laterCpuMs);
      costs.ddTrace.push((await costOf('dd-trace')).cpuMs);
    }
    return [
      {
        name: 'main-thread CPU of the first load',
        unit: 'ms' as const,
        subject: summarise(costs.keepspan),
        alternative: summarise(costs.ddTrace),
        ratio: pairedRatio(costs.keepspan, costs.ddTrace),
        gate: { of: 'median' as const, max: 3 },
      },
      {
        name: 'main-thread CPU of the checks of names and contradictions, after the start',
        unit: 'ms' as const,
        subject: summarise(costs.later),
        alternative: summarise(costs.ddTrace),
        ratio: pairedRatio(costs.later, costs.ddTrace),
      },
    ];
  },
};

async function costOf(whose: 'keepspan' | 'dd-trace'): Promise<LoadCost> {
  const program = startProgram('settings-load.ts', [whose], ENVIRONMENT);
  try {
    const cost = await program.heard<LoadCost>();
    if (cost.problems !== 0) throw new Error(`the environment of this case has ${cost.problems} problems`);
    return cost;
  } finally {
    await program.stop();
  }
}
