// Makes LLM spans in rounds, at a rate, and says what they cost the main thread. Arguments: keepspan | plain, and how
// often plain dd-trace is flushed in ms (0: by its own timers).
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { health, ledger } from 'keepspan';
import type { Side } from '../lib/observed.ts';
import { flushPlain, startTracer, type Tracer } from '../lib/tracer.ts';

export interface Round {
  readonly ticks: number;
  readonly tickMs: number;
  readonly spansPerTick: number;
  /** Of the input, and again of the output. */
  readonly characters: number;
}

export interface RoundCost {
  /** Microseconds of main-thread CPU a span, everything included that ran in the round. */
  readonly mainUs: number;
  /** Microseconds of CPU a span in all threads. */
  readonly processUs: number;
  readonly delayP999Ms: number;
  readonly delayMaxMs: number;
}

const [side = '', flushMs = '0'] = process.argv.slice(2);
const tracer = startTracer(side as Side);
if (side === 'plain' && Number(flushMs) > 0) setInterval(() => flushPlain(tracer), Number(flushMs));

async function play({ ticks, tickMs, spansPerTick, characters }: Round): Promise<RoundCost> {
  const input = 'i'.repeat(characters);
  const output = 'o'.repeat(characters);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const thread = process.threadCpuUsage();
  const whole = process.cpuUsage();
  delay.enable();
  for (let tick = 0; tick < ticks; tick++) {
    for (let i = 0; i < spansPerTick; i++) span(tracer, input, output);
    await pause(tickMs);
  }
  delay.disable();
  const { user, system } = process.threadCpuUsage(thread);
  const all = process.cpuUsage(whole);
  const spans = ticks * spansPerTick;
  made += spans;
  if (side === 'keepspan') assertOnDisk();
  return {
    mainUs: (user + system) / spans,
    processUs: (all.user + all.system) / spans,
    delayP999Ms: delay.percentile(99.9) / 1e6,
    delayMaxMs: delay.max / 1e6,
  };
}

let made = 0;

/** Figures of spans that waited in memory, or were lost, would not count. */
function assertOnDisk(): void {
  const { created, dropped, lost } = ledger().llmSpans;
  if (created === made && health().journal.onDisk && Object.keys({ ...dropped, ...lost }).length === 0)
    return;
  throw new Error(
    `not all of ${made} LLM spans went to disk: ${JSON.stringify({ ledger: ledger(), health: health() })}`,
  );
}

function span({ llmobs }: Tracer, input: string, output: string): void {
  llmobs.trace({ kind: 'llm', name: 'bench.llm', modelName: 'bench-model' }, (current) => {
    llmobs.annotate(current, {
      inputData: [{ role: 'user', content: input }],
      outputData: [{ role: 'assistant', content: output }],
      metadata: { temperature: 0.2 },
      metrics: { input_tokens: 125, output_tokens: 125, total_tokens: 250 },
    });
  });
}

process.on('message', (round: Round) => {
  void play(round).then((cost) => process.send!(cost));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send!('ready');
