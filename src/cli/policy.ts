import { InvalidArgumentError, type Command } from 'commander';
import type { Verdict } from '../contracts/sampling.ts';
import { journalKey } from '../pipeline/open-journal.ts';
import { openRecording, type Recording } from '../pipeline/recorded-traces.ts';
import { advise } from '../sampling/advise.ts';
import { compileForDatadog } from '../sampling/compile-datadog.ts';
import { dryRun } from '../sampling/dry-run.ts';
import type { PolicyProblem } from '../sampling/policy.ts';
import { resolvePolicy, type ResolvedPolicy } from '../sampling/resolve-policy.ts';
import { type Loaded, loadSettings } from '../settings/load.ts';
import { fold } from './fold.ts';
import { linesIn } from './policy-lines.ts';
import {
  checkText,
  type CheckDocument,
  dryRunText,
  explainText,
  type Explanation,
  readRate,
} from './policy-text.ts';

interface SourceOptions {
  readonly json?: boolean;
}

interface RecordingOptions extends SourceOptions {
  readonly journal?: string;
  readonly file?: string;
  readonly usdPerGb: number;
}

/** Nothing that was recorded has this id. */
class NoTraceError extends Error {
  override readonly name = 'NoTraceError';
  readonly code = 'KS-POLICY-009';
  readonly fix =
    'give the trace id as 32 or 16 hexadecimal digits or as a decimal number; a journal holds only what waits';
}

/** Adds `keepspan policy`: check, explain, dry-run and compile the sampling policy that applies. */
export function policyCommand(program: Command): void {
  const policy = program.command('policy').description('check and try the sampling policy that applies');
  policy
    .command('check')
    .description('find what is wrong with the policy, or will not do what it says; exit 1 when something is')
    .option('--json', 'one JSON document on stdout')
    .action((options: SourceOptions) => {
      const document = check();
      print(options, document, () => checkText(document));
      if (document.problems.length > 0) process.exitCode = 1;
    });
  recorded(
    policy
      .command('explain')
      .description('say what becomes of one recorded trace, and why')
      .argument('<trace-id>'),
  ).action((traceId: string, options: RecordingOptions) => {
    const explanation = explain(idOf(traceId), traceId, options);
    print(options, explanation, () => explainText(explanation));
  });
  recorded(
    policy
      .command('dry-run')
      .description('try the policy on recorded traffic: per rule seen, kept, dropped, bytes'),
  )
    .option('--usd-per-gb <price>', 'what ingesting a gigabyte of spans costs', readRate, 0.1)
    .action((options: RecordingOptions) => {
      const recording = open(options);
      const found = dryRun(usable(), recording.traces(), recording.evaluated);
      const { usdPerGb } = options;
      const savedUsd = (found.total.droppedBytes / 1e9) * usdPerGb;
      const document = { schemaVersion: 1 as const, ...found, usdPerGb, savedUsd };
      print(options, document, () => dryRunText(document));
    });
  policy
    .command('compile')
    .description(
      'print rules for an engine that decides without Keepspan; exit 1 when a part cannot be expressed there',
    )
    .option('--target <engine>', 'dd-trace', targetOf, 'dd-trace')
    .option('--json', 'one JSON document on stdout')
    .action((options: SourceOptions & { readonly target: string }) => {
      const compiled = compileForDatadog(usable());
      const { rules, refused } = compiled;
      print(
        options,
        { schemaVersion: 1, target: options.target, ...compiled },
        () => `${JSON.stringify(rules)}\n`,
      );
      if (refused.length === 0) return;
      if (options.json !== true) {
        for (const { rule, why } of refused)
          process.stderr.write(fold(`✖ ${rule}: cannot be expressed: ${why}\n`, process.stderr));
      }
      process.exitCode = 1;
    });
}

function recorded(command: Command): Command {
  return command
    .option(
      '--journal <dir>',
      'journal directory: what waits in it (default: KEEPSPAN_JOURNAL_DIR, else that of this service)',
    )
    .option('--file <file>', 'a trace payload (msgpack), or traces as JSON, one a line')
    .option('--json', 'one JSON document on stdout');
}

function print(options: SourceOptions, document: unknown, text: () => string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(document)}\n` : text());
}

function resolve(loaded: Loaded): ResolvedPolicy {
  const { settings, file } = loaded;
  return resolvePolicy({
    profile: settings.profile,
    environmentRules: settings.samplingRules,
    fileSection: file.document['sampling'],
  });
}

function check(): CheckDocument {
  const loaded = loadSettings();
  const { policy, problems } = resolve(loaded);
  const lineOf = linesIn(loaded.file.path);
  const located = problems.map((problem) => {
    const line = problem.at.startsWith('sampling') ? lineOf(problem.at) : undefined;
    return line === undefined ? problem : { ...problem, line };
  });
  // What kept the settings from reading the rules or the file at all is an error of the policy, too.
  const unread: PolicyProblem[] = loaded.problems
    .filter(({ variable }) => /DD_TRACE_SAMPLING_RULES|samplingRules|KEEPSPAN_CONFIG/.test(variable))
    .map(({ variable, why, fix }) => ({
      severity: 'error',
      code: 'KS-POLICY-001',
      at: variable,
      why,
      fix,
      ...lineIn(why),
    }));
  const all = [...unread, ...located, ...advise(policy)];
  return {
    schemaVersion: 1,
    profile: loaded.settings.profile,
    source: policy.source,
    file: loaded.file.path ?? null,
    rules: policy.rules,
    problems: all,
  };
}

/** The YAML parser says the line in words. */
function lineIn(why: string): { line?: number } {
  const line = /at line (\d+)/.exec(why)?.[1];
  return line === undefined ? {} : { line: Number(line) };
}

/** The policy for commands that need one: with an error in it there is none. */
function usable() {
  const { policy, problems } = resolve(loadSettings());
  const error = problems.find(({ severity }) => severity === 'error');
  if (error === undefined) return policy;
  throw Object.assign(new Error(`the policy is not valid: ${error.at}: ${error.why}`), {
    code: error.code,
    fix: error.fix,
  });
}

function open({ journal, file }: RecordingOptions): Recording {
  if (file !== undefined) return openRecording(file);
  const { settings } = loadSettings();
  const directory = journal ?? settings.journalDir;
  const key = journalKey(settings);
  return openRecording(directory ?? '', key === 'unusable' ? undefined : key);
}

function explain(traceId: bigint, asked: string, options: RecordingOptions): Explanation {
  const recording = open(options);
  const parts: { spans: number; bytes: number; root: string | null; verdict: Verdict }[] = [];
  dryRun(usable(), recording.traces(), recording.evaluated, ({ facts, spans, bytes }, verdict) => {
    if (facts.traceId === traceId) parts.push({ spans, bytes, root: facts.root?.name ?? null, verdict });
  });
  if (parts.length === 0) throw new NoTraceError(`no recorded trace has the id ${asked}`);
  return { schemaVersion: 1, traceId: traceId.toString(16).padStart(16, '0'), parts };
}

function idOf(text: string): bigint {
  if (/^\d{1,20}$/.test(text) && text.length !== 16) return BigInt.asUintN(64, BigInt(text));
  if (/^(?:0x)?[0-9a-f]{16}(?:[0-9a-f]{16})?$/i.test(text))
    return BigInt.asUintN(64, BigInt(`0x${text.replace(/^0x/, '')}`));
  throw new NoTraceError(`${text.slice(0, 40)} is no trace id`);
}

function targetOf(text: string): string {
  if (text !== 'dd-trace') throw new InvalidArgumentError('it is none of dd-trace');
  return text;
}
