import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startCollector } from '../../scripts/counterparts/collector.ts';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import type { RivalRow } from './rivals.ts';
import type { Scenario } from './scenarios.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** What one process came to. Absent is what a killed process cannot say. */
export interface Outcome {
  /** Different LLM spans that arrived, in the end. */
  readonly received: number;
  /** Of them, those that had arrived when the process was gone and nothing else had begun. */
  readonly atOnce: number;
  /** Arrived more than once. */
  readonly twice: number;
  /** From the last span, or the end of the stay, to the end of the process. */
  readonly endMs: number;
  /** CPU of the whole process from the first span to its end, its start-up not counted. */
  readonly cpuMs?: number;
  readonly rssMb?: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('programs/', import.meta.url));
/** A process that has not ended by then is ended. */
const LIMIT_MS = 90_000;
/** dd-trace asks its Agent what it can, once, at its start. */
const SETTLE_MS = 300;
const QUIET_MS = 300;
const PATIENCE_MS = 12_000;
const NEXT_START_MS = 2500;

/** Plays one scenario once, in processes and folders of its own. */
export async function runOnce(rival: RivalRow, scenario: Scenario): Promise<Outcome> {
  const folder = await mkdtemp(join(privateFolder(), 'comparison-'));
  const upstream = await startUpstream();
  const collector = rival.collector ? await startCollector({ upstream: upstream.url }) : undefined;
  const env = { ...rival.env, HOME: folder, KEEPSPAN_JOURNAL_DIR: join(folder, 'journal') };
  const to = collector?.url ?? upstream.url;
  try {
    const lived = await liveOnce(rival, scenario, env, to, async () => {
      await scenario.before?.(upstream);
      if (scenario.healsAfterMs !== undefined) setTimeout(() => upstream.behave('ok'), scenario.healsAfterMs);
    });
    const atOnce = await arrived(upstream, scenario.count, QUIET_MS);
    await scenario.after?.(upstream);
    if (rival.persists && atOnce < scenario.count) {
      const next: Scenario = { ...scenario, count: 0, end: 'natural', pace: `stay:${NEXT_START_MS}` };
      await liveOnce(rival, next, env, to, () => undefined);
    }
    if (collector !== undefined) await arrived(upstream, scenario.count, PATIENCE_MS);
    const { received, twice } = upstream.counts();
    return { received, atOnce, twice, ...lived };
  } finally {
    await collector?.stop();
    await upstream.down();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until everything has come, or nothing has for `quietMs`. */
async function arrived(upstream: Upstream, count: number, quietMs: number): Promise<number> {
  let { received } = upstream.counts();
  for (let sinceMs = performance.now(); received < count && performance.now() - sinceMs < quietMs;) {
    await pause(20);
    const now = upstream.counts().received;
    if (now > received) sinceMs = performance.now();
    received = now;
  }
  return received;
}

async function liveOnce(
  rival: RivalRow,
  { end, count, pace }: Scenario,
  env: Readonly<Record<string, string>>,
  to: string,
  before: () => Promise<void> | void,
): Promise<Pick<Outcome, 'endMs' | 'cpuMs' | 'rssMb'>> {
  const child = fork(join(PROGRAMS, rival.program), [end, String(count), pace], {
    cwd: ROOT,
    execArgv: [...rival.preload],
    env: {
      PATH: '',
      ...env,
      DD_TRACE_AGENT_URL: to,
      COMPARISON_UPSTREAM: to,
      ...(rival.tuned ? { COMPARISON_TUNED: '1' } : {}),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let said = '';
  let errors = '';
  let madeMs = 0;
  const ready = new Promise<void>((resolve) => {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('ready\n')) resolve();
      if (madeMs === 0 && said.includes('\nmade\n')) madeMs = performance.now();
    });
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
  const closed = once(child, 'close');
  const gone = once(child, 'exit').then(() => performance.now());
  try {
    await Promise.race([
      ready,
      closed.then(() => {
        throw new Error(`${rival.id} did not start: ${errors}`);
      }),
    ]);
    await pause(SETTLE_MS);
    await before();
    child.send('go');
    const goneMs = await gone;
    await closed;
    if (madeMs === 0) throw new Error(`${rival.id} made nothing: ${said}${errors}`);
    const cost = /\ncost (\{.*\})\n/.exec(said)?.[1];
    const endMs = Math.max(0, goneMs - madeMs);
    return cost === undefined
      ? { endMs }
      : { endMs, ...(JSON.parse(cost) as { readonly cpuMs: number; readonly rssMb: number }) };
  } finally {
    clearTimeout(limit);
  }
}
