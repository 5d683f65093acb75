// Makes APM traces of two spans in rounds under Keepspan, and says what a span costs the main thread.
import { setTimeout as pause } from 'node:timers/promises';
import { ledger } from 'keepspan';
import { startTracer } from '../lib/tracer.ts';

export interface ApmRound {
  readonly ticks: number;
  readonly tickMs: number;
  readonly tracesPerTick: number;
}

const SPANS_PER_TRACE = 2;
const tracer = startTracer('keepspan');
let made = 0;

/** Microseconds of main-thread CPU a span. */
async function play({ ticks, tickMs, tracesPerTick }: ApmRound): Promise<number> {
  const thread = process.threadCpuUsage();
  for (let tick = 0; tick < ticks; tick += 1) {
    for (let i = 0; i < tracesPerTick; i += 1)
      tracer.trace('bench.work', () => tracer.trace('bench.step', () => undefined));
    await pause(tickMs);
  }
  const { user, system } = process.threadCpuUsage(thread);
  const spans = ticks * tracesPerTick * SPANS_PER_TRACE;
  made += spans;
  const { created, lost } = ledger().spans;
  if (created !== made || Object.keys(lost).length > 0)
    throw new Error(`not all of ${made} spans: ${JSON.stringify(ledger().spans)}`);
  return (user + system) / spans;
}

process.on('message', (round: ApmRound) => {
  void play(round).then((cost) => process.send!(cost));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send!('ready');
