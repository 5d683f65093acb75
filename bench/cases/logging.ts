import type { BenchCase, Scale } from '../lib/case.ts';
import { startProgram } from '../lib/programs.ts';
import { summarise } from '../lib/stats.ts';
import type { LoggingCosts } from '../programs/logging.ts';

/** Correlation, levels and redaction beside the library that writes the lines. */
export const logging: BenchCase = {
  id: 'logging',
  promise: 'a line with its ids, without secrets and prompts, costs at most 1 µs more than pino alone',
  alternative: 'pino with the same fields in every line, and no ids',
  async run(scale: Scale) {
    const program = startProgram('logging.ts', scale === 'tiny' ? ['2', '100'] : ['31', '20000'], {
      DD_SERVICE: 'bench',
      DD_ENV: 'prod',
      DD_VERSION: '1',
      DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      DD_RUNTIME_METRICS_ENABLED: 'false',
    });
    try {
      const costs = await program.heard<LoggingCosts>();
      if (!costs.shown.keepspan.includes('"trace_id"') || costs.shown.pino.includes('"trace_id"')) {
        throw new Error(`not what was to be compared: ${costs.shown.keepspan} ${costs.shown.pino}`);
      }
      const alternative = summarise(costs.pino);
      return [
        {
          name: 'main-thread CPU per line, in a span',
          unit: 'µs' as const,
          subject: summarise(costs.keepspan),
          alternative,
          gate: { of: 'difference' as const, max: 1 },
        },
        {
          name: 'main-thread CPU per line, no span active',
          unit: 'µs' as const,
          subject: summarise(costs.outside),
          alternative,
        },
      ];
    } finally {
      await program.stop();
    }
  },
};
