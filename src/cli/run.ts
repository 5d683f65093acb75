import type { Command } from 'commander';
import { becomeInit } from '../hosts/init-process.ts';
import { launchOf } from '../hosts/launch.ts';
import { supervise, type Ending } from '../hosts/supervise.ts';
import { parseJournalKey } from '../journal/cipher.ts';
import { openDirectory } from '../journal/directory.ts';
import { classifyLifetime, diesWithPod } from '../journal/lifetime.ts';
import type { CheckStatus } from '../contracts/check.ts';
import { shownUrl } from '../kernel/shown-url.ts';
import type { Sidecar } from '../pipeline/sidecar.ts';
import { upstreamUrl } from '../pipeline/target.ts';
import { environmentWith, processEnvironment } from '../settings/environment.ts';
import { loadSettings } from '../settings/load.ts';
import { nodeOptionsWith } from '../settings/preload.ts';
import { isSwitchedOn } from '../settings/switch.ts';
import type { Settings } from '../settings/table.ts';
import { writeRecord } from '../selfmetrics/records.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { HostLines } from './host-lines.ts';
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
  const lines = process.stderr.isTTY && !json ? new HostLines('keepspan run', process.stderr) : undefined;
  const putBack = lines?.takeRecords();
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
      if (lines !== undefined && signal === 'SIGINT') process.stderr.write('\n'); // Behind the terminal's ^C.
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
    if (on) lines?.say(...startOf(command, child.pid, settings, journal));
  }
  // Loaded while the child starts.
  const sidecar =
    journal === undefined || child.pid === undefined
      ? undefined
      : await deliverBeside(journal, settings, say, lines);
  const ending = await child.ended;
  sayEnding(ending, command, say);
  process.exitCode = ending.exitCode;
  if (sidecar !== undefined && journal !== undefined) {
    const spentMs = stopMs === undefined ? 0 : performance.now() - stopMs;
    const leftMs = settings.shutdownTimeoutMs - spentMs;
    const waiting = lines === undefined ? 0 : sidecar.pending();
    if (waiting > 0)
      lines?.say(
        'not-applicable',
        `${describe(ending)}; ${waiting} signals wait and are delivered, for ${Math.ceil(leftMs / 1000)} s at most. Ctrl-C ends it at once, and they stay in the journal`,
      );
    const left = await deliverTheRest(sidecar, journal, leftMs, child.interrupted, say);
    if (waiting > 0 && left === 0) lines?.say('pass', 'everything was delivered');
  }
  child.uninstall();
  putBack?.();
}

/** What a person is told of the start. */
function startOf(
  words: readonly string[],
  pid: number,
  settings: Settings,
  journal: string | undefined,
): [CheckStatus, string] {
  const command = `${words.join(' ')} (pid ${pid})`;
  if (settings.delivery === 'none')
    return ['warn', `delivers nothing beside ${command}, for KEEPSPAN_DELIVERY is none`];
  if (journal === undefined)
    return ['warn', `${command} delivers by itself, for there is no journal directory that can be used`];
  const where =
    settings.stack === 'otlp'
      ? `delivers what ${command} leaves behind; what it makes, it delivers itself`
      : `delivers beside ${command} to ${shownUrl(upstreamUrl(settings))}`;
  return ['pass', `${where}; journal ${journal}`];
}

function describe(ending: Ending): string {
  if (ending.kind === 'not-started') return 'the command did not start';
  return ending.signal === null
    ? `the command ended with ${ending.exitCode}`
    : `the command was ended by ${ending.signal}`;
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

async function deliverBeside(
  directory: string,
  settings: Settings,
  say: Say,
  lines: HostLines | undefined,
): Promise<Sidecar> {
  const { startSidecar } = await import('../pipeline/sidecar.ts');
  const own = shownUrl(upstreamUrl(settings));
  return startSidecar({
    directory,
    settings,
    onState: (state, upstream) => {
      const { status, kind, httpStatus, error } = state;
      lines?.state(state, upstream ?? own);
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
): Promise<number> {
  const lifetime = classifyLifetime(journal);
  const mortal = diesWithPod(lifetime);
  const pending = await sidecar.drain(timeoutMs, { patienceMs: mortal ? undefined : PATIENCE_MS, signal });
  await sidecar.stop();
  const left = { pending, atRisk: mortal ? pending : 0, journal, lifetime };
  if (pending > 0) warnOnce('KS-RUN-003', left);
  say('ended', { ...left, noise: sidecar.noise() });
  return pending;
}
