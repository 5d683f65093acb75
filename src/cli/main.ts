import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { settingsHelp } from '../settings/describe.ts';
import { wantsColor } from '../settings/terminal.ts';
import { COMMANDS } from './commands.ts';
import type { CommandEntry } from './commands.ts';
import { fold } from './fold.ts';

/** The command could not run: wrong usage, missing precondition, fault. Findings are 1, and a command's own business. */
const EXIT_COULD_NOT_RUN = 2;

/**
 * Runs the command line and sets `process.exitCode`: 0 good, 1 findings, 2 could not run. Never throws.
 *
 * @param argv - arguments without node and script.
 */
export async function main(
  argv: readonly string[],
  commands: readonly CommandEntry[] = COMMANDS,
): Promise<void> {
  // For as long as the process lives: `dev` and `run` write on after their action has returned.
  if (!process.stdout.listeners('error').includes(endOnBrokenPipe))
    process.stdout.on('error', endOnBrokenPipe);
  try {
    const program = await createProgram(argv, commands);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has written its message; help and version come here too, with code 0.
      if (error.exitCode !== 0) process.exitCode = EXIT_COULD_NOT_RUN;
      return;
    }
    process.stderr.write(fold(`${red('✖')} ${failureText(error)}\n`, process.stderr));
    process.exitCode = EXIT_COULD_NOT_RUN;
  }
}

/** The program with the command that `argv` asks for; with all of them when it asks for help or for none we know. */
export async function createProgram(
  argv: readonly string[],
  commands: readonly CommandEntry[] = COMMANDS,
): Promise<Command> {
  const wanted = argv.find((argument) => !argument.startsWith('-') && argument !== 'help');
  const asked = commands.find(({ name }) => name === wanted);
  const help = asked === undefined ? 'keepspan --help' : `keepspan ${asked.name} --help`;
  const program = new Command('keepspan')
    .description('Production operations for LLM observability on Node.js.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    .showHelpAfterError(
      `    fix    \`${help}\` lists ${asked === undefined ? 'the commands' : 'its options'}`,
    )
    .addHelpText('after', () =>
      fold(`\nSettings (all: docs/reference/settings.md):\n${settingsHelp()}`, process.stdout),
    )
    .configureOutput({
      outputError: (text, write) => write(fold(`${red('✖')} ${usageText(text)}`, process.stderr)),
    });

  for (const entry of commands) {
    if (asked === undefined) program.command(entry.name).summary(entry.summary);
    else if (entry === asked) await entry.add(program);
  }
  return program;
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(Object(manifest).version);
}

/** The message, what caused it, and the fix where the error carries one. */
function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\n    cause  ${error.cause.message}` : '';
  const fix = 'fix' in error && typeof error.fix === 'string' ? `\n    fix    ${error.fix}` : '';
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}  ` : '';
  return `${code}${messageOf(error)}${cause}${fix}`;
}

/** Of the file system's errors the file first: their code stands before them already. */
function messageOf(error: Error): string {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === undefined || path === undefined || !error.message.startsWith(`${code}: `))
    return error.message;
  return `${path}: ${error.message.slice(code.length + 2).replace(/, \w+(?: '.*')?$/s, '')}`;
}

/** Commander's messages in the form of ours: what is wrong on one line, what was meant below it. */
function usageText(text: string): string {
  return text.replace(/^error: /, '').replace(/\n\((Did you mean .*)\)/, '\n    $1');
}

function red(text: string): string {
  return wantsColor(process.stderr) ? `\u001b[31m${text}\u001b[39m` : text;
}

/** `keepspan ledger | head` closes the pipe early: that is an end, not a failure. */
function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`✖ stdout: ${error.message}\n`);
  process.exit(EXIT_COULD_NOT_RUN);
}
