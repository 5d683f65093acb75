import { systemClock } from '../../src/kernel/clock.ts';
import { createTagGuard } from '../../src/tags/guard.ts';
import { guardEvent } from '../../src/tags/signals.ts';
import type { BenchCase, Scale } from '../lib/case.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';

const EVENTS = 2000;
const TAGS = {
  version: '1.0.0',
  env: 'production',
  service: 'orders',
  source: 'integration',
  ml_app: 'orders',
  'ddtrace.version': '6.21.0',
  error: 0,
  language: 'javascript',
};

/** As dd-trace makes them: ten tags, 500 + 500 characters; of every tenth, one tag has a value that nobody had before. */
function createEvents(round: number): Readonly<Record<string, unknown>>[] {
  const text = 'x'.repeat(500);
  return Array.from({ length: EVENTS }, (_, n) => ({
    name: 'chat',
    span_id: String(n),
    // Put together anew for each span, as the tracer does: their hashes are not known yet.
    tags: Object.entries({
      ...TAGS,
      field_name: `f${n % 5}`,
      batch: n % 10 === 0 ? `${round}-${n}` : 'steady',
    }).map(([key, value]) => `${key}:${value}`),
    meta: {
      'span.kind': 'llm',
      input: { messages: [{ content: text }] },
      output: { messages: [{ content: text }] },
      metadata: {},
    },
  }));
}

function costOf(write: (event: Readonly<Record<string, unknown>>) => string, round: number): number {
  const events = createEvents(round);
  const before = process.threadCpuUsage();
  let characters = 0;
  for (const event of events) characters += write(event).length;
  const { user, system } = process.threadCpuUsage(before);
  if (characters < EVENTS * 1000) throw new Error('the events were not written');
  return (user + system) / EVENTS;
}

/** An LLM span on its way into custody, with its tags counted and without. */
export const tags: BenchCase = {
  id: 'tags',
  promise: 'counting the tags of an LLM span costs no more than writing its JSON does',
  alternative: 'the same span written without looking at its tags',
  run(scale: Scale) {
    const guard = createTagGuard({ clock: systemClock });
    const guarded: number[] = [];
    const plain: number[] = [];
    for (let round = -2; round < (scale === 'tiny' ? 2 : 40); round += 1) {
      const subject = costOf((event) => JSON.stringify(guardEvent(event, guard)), round);
      const alternative = costOf((event) => JSON.stringify(event), round);
      if (round < 0) continue; // Warms up.
      guarded.push(subject);
      plain.push(alternative);
    }
    return Promise.resolve([
      {
        name: 'main-thread CPU per LLM span of ten tags',
        unit: 'µs' as const,
        subject: summarise(guarded),
        alternative: summarise(plain),
        ratio: pairedRatio(guarded, plain),
        gate: { of: 'ratio' as const, max: 2 },
      },
    ]);
  },
};
