import type { BenchCase, Scale } from '../lib/case.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import { takeTurns } from '../lib/turns.ts';

const TICK_MS = 25;
/** Spans a second; the alternative pays for a request every 25 ms, however many are in it. */
const RATES = [1000, 4000];

/** LLM spans of 500 + 500 characters, through full custody and through plain dd-trace flushed as often. */
export const llmSpan: BenchCase = {
  id: 'llm-span',
  promise:
    'an LLM span of 500 + 500 characters in custody costs the main thread no more than one that plain dd-trace sends',
  alternative: 'plain dd-trace, flushed every 25 ms to the same stand-in',
  async run(scale: Scale) {
    const measurements = [];
    for (const rate of scale === 'tiny' ? RATES.slice(0, 1) : RATES) {
      const spansPerTick = (rate * TICK_MS) / 1000;
      const round = { ticks: scale === 'tiny' ? 2 : 40, tickMs: TICK_MS, spansPerTick, characters: 500 };
      const { subject, alternative } = await takeTurns(scale === 'tiny' ? 2 : 15, round, TICK_MS);
      const mainUs = [subject, alternative].map((costs) => costs.map((cost) => cost.mainUs)) as [
        number[],
        number[],
      ];
      measurements.push({
        name: `${rate} spans/s, main-thread CPU per span`,
        unit: 'µs' as const,
        subject: summarise(mainUs[0]),
        alternative: summarise(mainUs[1]),
        ratio: pairedRatio(...mainUs),
        gate: { of: 'ratio' as const, max: 1 },
        notes: {
          'all threads, keepspan': summarise(subject.map((cost) => cost.processUs)).median,
          'all threads, alternative': summarise(alternative.map((cost) => cost.processUs)).median,
        },
      });
    }
    return measurements;
  },
};
