import { writeFile } from 'node:fs/promises';
import { readArguments, USAGE, type MainJobArguments } from './arguments.ts';
import { runMainJob } from './job.ts';
import { Programs } from './processes.ts';
import { describeReport } from './report.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** `npm start`. Returns the exit code: 0 all accounted for, 1 findings, 2 could not run. */
export async function main(argv: readonly string[]): Promise<number> {
  let given: MainJobArguments;
  try {
    given = readArguments(argv);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return 2;
  }
  if (given.help) {
    say(USAGE);
    return 0;
  }
  const programs = new Programs();
  const interrupted = waitForInterrupt(programs);
  const job = runMainJob({ programs, say, env: process.env });
  try {
    const first = await Promise.race([job.report, interrupted.signal]);
    if (typeof first === 'string') return first === 'SIGINT' ? 130 : 143;
    if (given.reportFile !== undefined)
      await writeFile(given.reportFile, `${JSON.stringify(first, undefined, 2)}\n`);
    say(describeReport(first));
    if (!given.once && process.stdout.isTTY) {
      say(`The workbench shows it all: ${first.ui} (Ctrl-C ends it)`);
      await interrupted.signal;
    }
    return first.ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(`The main job could not run: ${messageOf(error)}\n`);
    return 2;
  } finally {
    interrupted.uninstall();
    programs.killAll();
    await job.cleanUp();
  }
}

/** Ctrl-C ends the programs at once; what they leave is removed by the caller. */
function waitForInterrupt(programs: Programs): { signal: Promise<NodeJS.Signals>; uninstall(): void } {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const end = (signal: NodeJS.Signals): void => {
    resolve(signal);
    programs.killAll();
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  return {
    signal: promise,
    uninstall() {
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
