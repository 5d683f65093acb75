import type { BenchCase, Scale } from '../lib/case.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import { takeTurns } from '../lib/turns.ts';

/** How long the event loop is kept busy by LLM spans with very large prompts. */
export const loopDelay: BenchCase = {
  id: 'loop-delay',
  promise: 'LLM spans with prompts of 200 KB hold up the event loop no longer than under plain dd-trace',
  alternative: 'plain dd-trace with its own timers (LLM spans each second, traces every two)',
  async run(scale: Scale) {
    // 25 spans a second, 200,000 characters in and as many out: 10 MB/s.
    const round = { ticks: scale === 'tiny' ? 2 : 50, tickMs: 40, spansPerTick: 1, characters: 200_000 };
    const { subject, alternative } = await takeTurns(scale === 'tiny' ? 1 : 15, round, 0);
    const measure = (name: string, of: 'delayP999Ms' | 'mainUs', unit: 'ms' | 'µs') => {
      const values = [subject, alternative].map((costs) => costs.map((cost) => cost[of])) as [
        number[],
        number[],
      ];
      return {
        name,
        unit,
        subject: summarise(values[0]),
        alternative: summarise(values[1]),
        ratio: pairedRatio(...values),
      };
    };
    return [
      { ...measure('event-loop delay, p99.9', 'delayP999Ms', 'ms'), gate: { of: 'ratio' as const, max: 1 } },
      measure('main-thread CPU per span', 'mainUs', 'µs'),
    ];
  },
};
