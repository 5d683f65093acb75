import type { Command } from 'commander';
import { becomeInit } from '../hosts/init-process.ts';
import { launchOf } from '../hosts/launch.ts';
import { supervise } from '../hosts/supervise.ts';
import { startObserver, type Observer } from '../pipeline/observe/observer.ts';
import { lostIn } from '../pipeline/observe/report.ts';
import { environmentWith, processEnvironment } from '../settings/environment.ts';
import { loadSettings } from '../settings/load.ts';
import { nodeOptionsWith } from '../settings/preload.ts';
import { CODES } from '../selfmetrics/codes.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { childStdio, preloadUrl, sayEnding, sayJson, type Say } from './command-host.ts';
import { fold } from './fold.ts';
import { BottomBlock, reportLines, statusLine, titleOf } from './observe-view.ts';

interface ObserveOptions {
  readonly json?: boolean;
  readonly failOnLoss?: boolean;
  readonly every: string;
}

/** Answers that are on their way when the service has ended; dd-trace itself waits no longer. */
const SETTLE_MS = 5000;
const BLOCK_MS = 500;

/** Listening on a loopback port, or a temporary directory, was refused. */
class CannotCountError extends Error {
  override readonly name = 'CannotCountError';
  readonly code = 'KS-OBSERVE-001';
  readonly fix = CODES['KS-OBSERVE-001'].fix;
}

/** Adds `keepspan observe`: an unmodified service, counted from outside; no function of it is patched. */
export function observeCommand(program: Command): void {
  program.enablePositionalOptions();
  program
    .command('observe')
    .description('run an unmodified service and show what its tracer loses; patches nothing')
    .argument('<command...>', 'the command and its arguments, behind --')
    .option('--every <s>', 'seconds between two lines, off a terminal', '10')
    .option('--fail-on-loss', 'exit 1 when something was lost')
    .option('--json', 'one JSON line per event on stdout; what the command writes there goes to stderr')
    .passThroughOptions()
    .action((command: [string, ...string[]], options: ObserveOptions) => observe(command, options));
}

async function observe(command: [string, ...string[]], options: ObserveOptions): Promise<void> {
  const everyMs = parseSeconds(options.every) * 1000;
  const json = options.json === true;
  const init = becomeInit(
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    processEnvironment(),
  );
  if (init !== undefined) warnOnce('KS-RUN-002', { why: init });
  const say: Say = json ? sayJson : () => undefined;
  let observer: Observer;
  try {
    observer = await startObserver(loadSettings());
  } catch (error) {
    throw new CannotCountError('a port on 127.0.0.1 and a temporary directory are needed to count', {
      cause: error,
    });
  }
  const launch = launchOf({
    command,
    preload: `${preloadUrl('observe')}&pages=${encodeURIComponent(observer.pages)}`,
    nodeOptions: nodeOptionsWith,
    variables: { DD_TRACE_AGENT_URL: observer.agentUrl },
  });
  const child = supervise({
    launch,
    env: environmentWith(launch.variables),
    stdio: childStdio(json),
    onSignal: (signal, forwarded) => say('signal', { signal, forwarded }),
  });
  if (child.pid !== undefined)
    say('started', { pid: child.pid, command, agent: observer.upstream, counting: observer.agentUrl });
  const live = showLive(observer, json, everyMs);
  const ending = await child.ended;
  await observer.settle(SETTLE_MS);
  live.stop();
  const report = observer.report(true);
  await observer.close();
  child.uninstall();
  sayEnding(ending, command, say);
  process.exitCode = ending.exitCode;
  if (ending.kind === 'not-started') return;
  if (json) sayJson('report', { schemaVersion: 1, final: true, ...report });
  else
    process.stderr.write(
      `\nkeepspan observe: ${command.join(' ')}\n\n${fold(reportLines(report, true).join('\n'), process.stderr)}\n`,
    );
  if (options.failOnLoss === true && lostIn(report) > 0 && ending.exitCode === 0) process.exitCode = 1;
}

/** A block on a terminal, else a line now and then: on stderr, where it mixes least with what the service prints. */
function showLive(observer: Observer, json: boolean, everyMs: number): { stop(): void } {
  const startMs = performance.now();
  const { stderr } = process;
  const block = stderr.isTTY && !json ? new BottomBlock(stderr) : undefined;
  const show = (): void => {
    const report = observer.report(false);
    const seconds = (performance.now() - startMs) / 1000;
    if (json) sayJson('report', { schemaVersion: 1, final: false, ...report });
    else if (block === undefined) stderr.write(`${statusLine(report, seconds)}\n`);
    else block.show([titleOf(seconds), ...reportLines(report, false)]);
  };
  const timer = setInterval(show, block === undefined ? everyMs : BLOCK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      block?.close();
    },
  };
}

function parseSeconds(text: string): number {
  if (!/^\d{1,5}(?:\.\d+)?$/.test(text) || Number(text) < 0.1)
    throw new RangeError(`--every is a number of seconds from 0.1, not "${text}"`);
  return Number(text);
}
