import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { observe, QUIET_TRACER, type Ended, type Program } from '../../support/program.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));

/** No program of a test lives longer; whoever needs it has failed. */
const LIMIT_MS = 120_000;

/** The requirement's line (section 2, "For multiple noisy resources"), and its health rule. */
const REQUIREMENT_RULES = JSON.stringify([
  { resource: 'kafka.consume', sample_rate: 0.01 },
  { resource: 'sqs.receivemessage', sample_rate: 0.01 },
  { resource: 'GET /health', sample_rate: 0.0 },
]);

export type { Ended };

export interface Stage {
  readonly traffic: Traffic;
  /** Of all its programs, in a folder of the stage's own. */
  readonly journal: string;
  /**
   * Starts a program of `fixtures`: `keepspan` with the preload of this package, `dd-trace` with the tracer alone,
   * `plain` with nothing.
   */
  start(
    how: 'keepspan' | 'dd-trace' | 'plain',
    fixture: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Program;
  /** Starts it and waits until it ended well. */
  run(...args: Parameters<Stage['start']>): Promise<Ended>;
}

const PRELOADS = {
  keepspan: ['--import', 'keepspan/register'],
  'dd-trace': ['--import', 'dd-trace/initialize.mjs'],
  plain: [],
} as const;

/** A stand-in Agent and programs that send to it. All of it ends with the test. */
export async function createStage(t: TestContext): Promise<Stage> {
  const traffic = await startTraffic();
  const folder = mkdtempSync(join(privateFolder(), 'test-'));
  const journal = join(folder, 'journal');
  const running = new Set<Program>();
  t.after(async () => {
    for (const program of running) program.process.kill('SIGKILL');
    await Promise.all([...running].map((program) => program.ended));
    await traffic.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start: Stage['start'] = (how, fixture, args, env = {}) => {
    const child = spawn(process.execPath, [...PRELOADS[how], join(FIXTURES, fixture), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        DD_TRACE_AGENT_URL: traffic.url,
        DD_SERVICE: 'app',
        DD_ENV: 'production',
        DD_LLMOBS_ENABLED: '1',
        DD_LLMOBS_ML_APP: 'app',
        DD_LLMOBS_AGENTLESS_ENABLED: '0',
        ...QUIET_TRACER,
        DD_TRACE_SAMPLING_RULES: REQUIREMENT_RULES,
        KEEPSPAN_JOURNAL_DIR: journal,
        KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '20000',
        ...env,
      },
    });
    const program = observe(child, LIMIT_MS);
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };
  return {
    traffic,
    journal,
    start,
    async run(...args) {
      const ended = await start(...args).ended;
      assert.equal(ended.code, 0, ended.stdout + ended.stderr);
      assert.deepEqual(traffic.errors(), []);
      return ended;
    },
  };
}

/** Reads a JSON line that a program printed after `label`. */
export function reported<T>({ stdout, stderr }: Ended, label: string): T {
  const line = stdout.split('\n').find((text) => text.startsWith(`${label} `));
  assert.ok(line !== undefined, `no line ${label}: ${stdout}${stderr}`);
  return JSON.parse(line.slice(label.length + 1)) as T;
}
