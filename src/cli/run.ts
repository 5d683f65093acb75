import type { Command } from 'commander';
import { becomeInit } from '../hosts/init-process.ts';
import { launchOf } from '../hosts/launch.ts';
import { supervise } from '../hosts/supervise.ts';
import { parseJournalKey } from '../journal/cipher.ts';
import { openDirectory } from '../journal/directory.ts';
import { classifyLifetime, diesWithPod } from '../journal/lifetime.ts';
import type { Sidecar } from '../pipeline/sidecar.ts';
import { environmentWith, processEnvironment } from '../settings/environment.ts';
import { loadSettings } from '../settings/load.ts';
import { nodeOptionsWith } from '../settings/preload.ts';
import { isSwitchedOn } from '../settings/switch.ts';
import type { Settings } from '../settings/table.ts';
import { writeRecord } from '../selfmetrics/records.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { childStdio, preloadUrl, sayEnding, sayJson, type Say } from './command-host.ts';

interface RunOptions {
  readonly json?: boolean;
}

/** Where the journal outlives us, waiting for an upstream that takes nothing ends after so long. */
const PATIENCE_MS = 5000;

/** Adds `keepspan run`: the preload into the application, delivery beside it, its exit code kept. */
export function runCommand(program: Command): void {
  program.enablePositionalOptions();
  program
    .command('run')
    .description('run a command with Keepspan loaded into it and delivery beside it; keeps its exit code')
    .argument('<command...>', 'the command and its arguments, behind --')
    .option('--json', 'one JSON line per event on stdout; what the command writes there goes to stderr')
    .passThroughOptions()
    .action((command: [string, ...string[]], options: RunOptions) => run(command, options));
}

async function run(command: [string, ...string[]], { json = false }: RunOptions): Promise<void> {
  const init = becomeInit(
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    processEnvironment(),
  );
  if (init !== undefined) warnOnce('KS-RUN-002', { why: init });
  const say: Say = json ? sayJson : () => undefined;
  const on = isSwitchedOn();
  if (!on)
    writeRecord('observability_disabled', {
      why: 'not switched on',
      fix: 'set DD_LLMOBS_ENABLED=1 or KEEPSPAN_STACK',
    });
  const { settings } = loadSettings();
  const journal = on && settings.delivery !== 'none' ? usableJournal(settings) : undefined;
  const launch = launchOf({
    command,
    preload: on ? preloadUrl('register') : undefined,
    nodeOptions: nodeOptionsWith,
    variables: journal === undefined ? {} : { KEEPSPAN_DELIVERY: 'none', KEEPSPAN_JOURNAL_DIR: journal },
  });
  let stopMs: number | undefined;
  const child = supervise({
    launch,
    env: environmentWith(launch.variables),
    stdio: childStdio(json),
    onSignal: (signal, forwarded) => {
      if (signal === 'SIGTERM' || signal === 'SIGINT') stopMs ??= performance.now();
      say('signal', { signal, forwarded });
    },
  });
  if (child.pid !== undefined) {
    say('started', {
      pid: child.pid,
      command,
      observability: on,
      journal: journal ?? null,
      delivery: journal === undefined ? 'none' : 'beside',
    });
  }
  // Loaded while the child starts.
  const sidecar =
    journal === undefined || child.pid === undefined
      ? undefined
      : await deliverBeside(journal, settings, say);
  const ending = await child.ended;
  sayEnding(ending, command, say);
  process.exitCode = ending.exitCode;
  if (sidecar !== undefined && journal !== undefined) {
    const spentMs = stopMs === undefined ? 0 : performance.now() - stopMs;
    await deliverTheRest(sidecar, journal, settings.shutdownTimeoutMs - spentMs, child.interrupted, say);
  }
  child.uninstall();
}

/** The directory, ready; undefined where there is none: then the child says why, keeps all in memory and delivers. */
function usableJournal({ journalDir, journalKey }: Settings): string | undefined {
  if (journalDir === undefined) return undefined;
  if (journalKey !== undefined && parseJournalKey(journalKey) === undefined) return undefined;
  try {
    return openDirectory(journalDir);
  } catch {
    return undefined;
  }
}

async function deliverBeside(directory: string, settings: Settings, say: Say): Promise<Sidecar> {
  const { startSidecar } = await import('../pipeline/sidecar.ts');
  return startSidecar({
    directory,
    settings,
    onState: (state, upstream) => {
      const { status, kind, httpStatus, error } = state;
      const to = upstream === undefined ? {} : { upstream };
      if (status === 'held')
        warnOnce('KS-DELIVERY-001', {
          site: `${upstream ?? ''} ${kind} ${httpStatus ?? ''}`,
          ...to,
          ...state,
        });
      if (status === 'held' || status === 'retrying')
        say(status, { kind, answer: httpStatus ?? error ?? '', ...to });
    },
    onError: (error) => warnOnce('KS-DELIVERY-002', { site: String(error), error: String(error) }),
  });
}

async function deliverTheRest(
  sidecar: Sidecar,
  journal: string,
  timeoutMs: number,
  signal: AbortSignal,
  say: Say,
): Promise<void> {
  const lifetime = classifyLifetime(journal);
  const mortal = diesWithPod(lifetime);
  const pending = await sidecar.drain(timeoutMs, { patienceMs: mortal ? undefined : PATIENCE_MS, signal });
  await sidecar.stop();
  const left = { pending, atRisk: mortal ? pending : 0, journal, lifetime };
  if (pending > 0) warnOnce('KS-RUN-003', left);
  say('ended', left);
}
