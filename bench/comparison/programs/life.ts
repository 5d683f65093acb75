// How every program of the comparison lives: it starts its rival, makes so many LLM spans, and ends in one of the ways
// a process ends. Arguments: end, count, pace (burst | steady | stay:MS). What is particular to a rival stands in its
// own file; what its documentation asks an application to do is done here, for those rows that say so (`tuned`).
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** One way to observe LLM calls. */
export interface Rival {
  /** Makes one finished LLM span whose prompt begins with `mark`. */
  span(mark: string): void;
  /** Tuned rows: called between thousands of spans. */
  flush?(): Promise<void> | void;
  /** Tuned rows: what is awaited before the process ends. */
  close?(): Promise<void>;
}

export type End = 'natural' | 'exit' | 'throw' | 'sigterm' | 'sigkill' | 'sigkill60';

/** Of prompt and of answer. */
export const TEXT = 'x'.repeat(480);
const CHUNK = 1000;
const STEADY_TICK_MS = 10;
const STEADY_PER_TICK = 10;

const say = (line: string): void => void writeSync(1, `${line}\n`);

/** @param tuned the application does what the rival's documentation asks of it */
export async function live(rival: Rival, tuned: boolean): Promise<void> {
  const [end = 'natural', count = '0', pace = 'burst'] = process.argv.slice(2);
  // What a server would be: it holds the process until it is closed.
  const server = setInterval(() => undefined, 60_000);
  const finish = async (): Promise<void> => {
    try {
      await rival.close?.();
    } catch (error) {
      say(`close ${String(error)}`);
    }
    clearInterval(server);
  };
  if (tuned) {
    process.on('SIGTERM', () => void finish());
    process.on('uncaughtException', () => {
      process.exitCode = 1;
      void finish();
    });
  }
  await new Promise<void>((go) => {
    process.once('message', () => go());
    say('ready');
  });
  process.disconnect();
  const started = process.cpuUsage();
  process.on('exit', () => {
    const { user, system } = process.cpuUsage(started);
    const { maxRSS } = process.resourceUsage();
    say(`cost ${JSON.stringify({ cpuMs: (user + system) / 1000, rssMb: maxRSS / 1024 })}`);
  });
  await make(rival, tuned, Number(count), pace);
  say('made');
  switch (end as End) {
    case 'natural':
      if (tuned) await finish();
      clearInterval(server);
      return;
    case 'exit':
      return process.exit(0);
    case 'throw':
      process.nextTick(() => {
        throw new Error('thrown by the application');
      });
      return;
    case 'sigterm':
      process.kill(process.pid, 'SIGTERM');
      return;
    case 'sigkill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'sigkill60':
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 60);
  }
}

async function make(rival: Rival, tuned: boolean, count: number, pace: string): Promise<void> {
  const mark = (n: number): string => `kq${String(n).padStart(6, '0')}qk`;
  for (let n = 0; n < count; n += 1) {
    rival.span(mark(n));
    if (tuned && (n + 1) % CHUNK === 0 && n + 1 < count) await rival.flush?.();
    if (pace === 'steady' && (n + 1) % STEADY_PER_TICK === 0) await pause(STEADY_TICK_MS);
  }
  if (pace.startsWith('stay:')) await pause(Number(pace.slice('stay:'.length)));
}
