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

/** The table, the file that is not there, the checks of names and contradictions: paid once a process, cold. */
export const settingsLoad: BenchCase = {
  id: 'settings-load',
  promise: 'the settings of a process are read and checked in at most 3 ms',
  alternative: 'dd-trace reading its own settings',
  async run(scale: Scale) {
    const costs = { keepspan: [] as number[], ddTrace: [] as number[] };
    for (let round = 0; round < (scale === 'tiny' ? 2 : 25); round += 1) {
      costs.keepspan.push(await costOf('keepspan'));
      costs.ddTrace.push(await costOf('dd-trace'));
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
    ];
  },
};

async function costOf(whose: 'keepspan' | 'dd-trace'): Promise<number> {
  const program = startProgram('settings-load.ts', [whose], ENVIRONMENT);
  try {
    const { cpuMs, problems } = await program.heard<LoadCost>();
    if (problems !== 0) throw new Error(`the environment of this case has ${problems} problems`);
    return cpuMs;
  } finally {
    await program.stop();
  }
}
