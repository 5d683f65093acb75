import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import type { Ledger } from '../../../src/contracts/ledger.ts';
import { observe, QUIET_TRACER, type Ended, type Program } from '../../support/program.ts';
import { startAgent, type Agent } from './agent.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));

/** Everything, not the fixed sample. */
export const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';

export type { Ended };
export type Child = Program;

/** What `keepspan ledger --json` prints. */
export interface LedgerDocument {
  readonly ledger: Ledger;
  readonly maybeTwice: number;
  readonly processes: readonly { readonly id: string; readonly state: string; readonly ledger: Ledger }[];
  readonly closedProcesses: number;
}

type Env = Readonly<Record<string, string | undefined>>;

export interface StartOptions {
  /** The process is killed after so long. */
  readonly limitMs?: number | undefined;
  readonly env?: Env | undefined;
  /** What Node is given before the program; default: the preload. */
  readonly nodeArgs?: readonly string[] | undefined;
  /** Default: the checkout. */
  readonly cwd?: string | undefined;
  /** As a shell writes it; default: the one of this process. */
  readonly umask?: string | undefined;
}

/** One machine of a test: an Agent, a journal directory, and processes on it. All of it ends with the test. */
export interface Site {
  readonly agent: Agent;
  /** The binary that its processes run on. */
  readonly node: string;
  /** A folder of its own, 0700, that is not under a world-writable one. */
  readonly folder: string;
  /** Does not exist yet. */
  readonly journal: string;
  start(fixture: string, args?: readonly string[], options?: StartOptions): Child;
  /** Starts the site's node with these arguments. */
  launch(args: readonly string[], options?: StartOptions): Child;
  run(fixture: string, args?: readonly string[], options?: StartOptions): Promise<Ended>;
  /** The next start on the same journal: it ends when nothing of its predecessors is left. */
  replay(): Promise<void>;
  /** @param of default: the site's journal */
  ledger(of?: string): Promise<LedgerDocument>;
}

/** No process of a test lives longer; whoever needs it has failed. */
const LIMIT_MS = 90_000;

/** @param node the binary that every process of it runs on */
export async function createSite(t: TestContext, node = process.execPath): Promise<Site> {
  const agent = await startAgent();
  const folder = mkdtempSync(join(privateFolder(), 'test-'));
  const journal = join(folder, 'journal');
  const children = new Set<Child>();
  t.after(async () => {
    for (const child of children) child.process.kill('SIGKILL');
    await Promise.all([...children].map((child) => child.ended));
    await agent.down();
    rmSync(folder, { recursive: true, force: true });
  });

  const env: Env = {
    PATH: process.env['PATH'],
    HOME: folder,
    DD_TRACE_AGENT_URL: agent.url,
    DD_SERVICE: 'e2e',
    DD_ENV: 'test',
    DD_LLMOBS_ENABLED: '1',
    DD_LLMOBS_ML_APP: 'e2e',
    ...QUIET_TRACER,
    KEEPSPAN_JOURNAL_DIR: journal,
    KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '8000',
  };

  function launch(args: readonly string[], options: StartOptions = {}): Child {
    const command: readonly string[] =
      options.umask === undefined
        ? [node, ...args]
        : ['/bin/sh', '-c', `umask ${options.umask}; exec "$0" "$@"`, node, ...args];
    const child = observe(
      spawn(command[0]!, command.slice(1), {
        cwd: options.cwd ?? ROOT,
        env: { ...env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
      options.limitMs ?? LIMIT_MS,
    );
    children.add(child);
    void child.ended.then(() => children.delete(child));
    return child;
  }

  function start(fixture: string, args: readonly string[] = [], options: StartOptions = {}): Child {
    const nodeArgs = options.nodeArgs ?? ['--import', 'keepspan/register'];
    return launch([...nodeArgs, join(FIXTURES, fixture), ...args], options);
  }

  return {
    agent,
    node,
    folder,
    journal,
    start,
    launch,
    run: (fixture, args, options) => start(fixture, args, options).ended,
    async replay() {
      const { code, stderr } = await start('restart.mjs').ended;
      if (code !== 0) throw new Error(`the next start did not finish: ${stderr}`);
    },
    async ledger(of = journal) {
      const args = [join(ROOT, 'bin', 'keepspan.js'), 'ledger', '--json', '--journal', of];
      const { code, stdout, stderr } = await launch(args, {}).ended;
      if (code !== 0 && code !== 1) throw new Error(`keepspan ledger: exit ${code}: ${stderr}`);
      return JSON.parse(stdout) as LedgerDocument;
    },
  };
}

/** Records on stderr of one kind, parsed. */
export function recordsOf(stderr: string, message: string): Record<string, unknown>[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"${message}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
