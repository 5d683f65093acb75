import { join } from 'node:path';
import type { BenchCase, Scale } from '../lib/case.ts';
import { startProgram, withAgent, withFolder } from '../lib/programs.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import type { OtlpCosts } from '../programs/otlp-spans.ts';

/** LLM spans of 500 + 500 characters through a CustodySpanProcessor and through a BatchSpanProcessor, both delivered. */
export const otlpMainThread: BenchCase = {
  id: 'otlp-main-thread',
  promise: 'a delivered OpenTelemetry span costs the main thread at most 1.5 times one of BatchSpanProcessor',
  alternative: 'BatchSpanProcessor with @opentelemetry/exporter-trace-otlp-proto, to the same stand-in',
  run: (scale: Scale) =>
    withFolder((folder) =>
      withAgent(async (url) => {
        const size = scale === 'tiny' ? ['2', '1', '50'] : ['20', '5', '500'];
        const program = startProgram('otlp-spans.ts', [...size, url], {
          KEEPSPAN_JOURNAL_DIR: join(folder, 'journal'),
        });
        try {
          const { subject, alternative, bare } = await program.heard<OtlpCosts>();
          return [
            {
              name: 'main-thread CPU per delivered span',
              unit: 'µs' as const,
              subject: summarise(subject),
              alternative: summarise(alternative),
              ratio: pairedRatio(subject, alternative),
              gate: { of: 'ratio' as const, max: 1.5 },
              notes: { 'making the span alone, µs': summarise(bare).median },
            },
          ];
        } finally {
          await program.stop();
        }
      }),
    ),
};
