import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { startWorld, type World } from '../../matrix/support/world.ts';
import { observe, QUIET_TRACER, type Ended } from '../../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FIXTURES = join(import.meta.dirname, 'fixtures');
/** Generous: the machine may be loaded. */
const LIMIT_MS = 90_000;

export interface Site {
  readonly world: World;
  readonly journal: string;
  /** Default: with the preload. */
  run(
    fixture: string,
    args: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
    preload?: boolean,
  ): Promise<Ended>;
}

/** Providers, receivers, a journal, and processes on them; all of it ends with the test. */
export async function createSite(t: TestContext): Promise<Site> {
  const world = await startWorld();
  const folder = mkdtempSync(join(privateFolder(), 'dual-'));
  const journal = join(folder, 'journal');
  t.after(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    world,
    journal,
    run(fixture, args, env = {}, preload = true) {
      const node = preload ? ['--import', 'keepspan/register'] : [];
      const child = spawn(process.execPath, [...node, join(FIXTURES, fixture), ...args], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
          OPENAI_BASE_URL: `${world.url}/openai/v1`,
          OPENAI_API_KEY: 'a-key',
          DD_SERVICE: 'dual',
          DD_LLMOBS_ENABLED: '1',
          DD_TRACE_AGENT_URL: world.url,
          TRACELOOP_BASE_URL: world.url,
          KEEPSPAN_JOURNAL_DIR: journal,
          ...QUIET_TRACER,
          ...env,
        },
      });
      return observe(child, LIMIT_MS).ended;
    },
  };
}

/** The one record of that name on stderr. */
export function recordOf(stderr: string, message: string): Readonly<Record<string, unknown>> {
  const line = stderr.split('\n').find((text) => text.startsWith('{') && text.includes(`"${message}"`));
  if (line === undefined) throw new Error(`no ${message} in ${stderr}`);
  return JSON.parse(line) as Readonly<Record<string, unknown>>;
}
