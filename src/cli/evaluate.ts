import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { Judge, JudgeConfig } from '../contracts/recall.ts';
import { summarise } from '../evaluation/recall/summary.ts';
import { errorText } from '../kernel/error-text.ts';
import {
  backfillQueue,
  lookAtQueue,
  queueRecords,
  type Backfilled,
  type QueueState,
} from '../pipeline/recall/backfill.ts';
import { configuredJudge } from '../pipeline/recall/settings.ts';
import { CODES } from '../selfmetrics/codes.ts';
import type { Settings } from '../settings/table.ts';
import { parseAge } from './age.ts';
import { JOURNAL_OPTION, recallJournalOf } from './journal-argument.ts';

interface EvaluateOptions {
  readonly journal?: string;
  readonly backfill?: boolean;
  readonly dryRun?: boolean;
  readonly judge?: string;
  readonly records?: boolean;
  readonly since?: string;
  readonly json?: boolean;
}

/** A backfill needs somebody to ask. */
class NoJudgeError extends Error {
  override readonly name = 'NoJudgeError';
  readonly code = 'KS-EVAL-007';
  readonly fix = CODES['KS-EVAL-007'].fix;
}

const NEVER_USED: QueueState = { summary: summarise({}), waiting: {}, inProcesses: 0, sealed: 0 };

/** Adds `keepspan evaluate`: what hybrid recall did and what waits; with --backfill judges what was skipped. */
export function evaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('show what hybrid recall decided, saved and skipped; judge what was skipped')
    .option(...JOURNAL_OPTION)
    .option('--backfill', 'judge what has no verdict: 0 when nothing is left, 1 otherwise')
    .option('--dry-run', 'with --backfill: only say what would be judged; 1 when there is any')
    .option(
      '--judge <file>',
      'module that exports `judge`: a function or a configuration (default: KEEPSPAN_JUDGE_URL)',
    )
    .option(
      '--records',
      'print what was decided, one JSON object a line without content: for `keepspan calibrate`',
    )
    .option('--since <age>', 'with --records: of the last 30m, 12h, 7d alone')
    .option('--json', 'one JSON document on stdout')
    .action(evaluate);
}

async function evaluate(options: EvaluateOptions): Promise<void> {
  const { directory, settings } = recallJournalOf(options.journal);
  if (options.records === true) {
    const sinceMs = options.since === undefined ? 0 : Date.now() - parseAge('--since', options.since);
    for (const record of queueRecords(directory, sinceMs))
      process.stdout.write(`${JSON.stringify(record)}\n`);
    return;
  }
  const before = lookAtQueue(directory, settings) ?? NEVER_USED;
  const backfill = options.backfill === true && options.dryRun !== true;
  const errors: string[] = [];
  const done =
    backfill && total(before) > 0
      ? await backfillQueue(directory, settings, await judgeOf(options.judge, settings), (error) =>
          errors.push(errorText(error)),
        )
      : undefined;
  const state = done === undefined ? before : (lookAtQueue(directory, settings) ?? NEVER_USED);
  const document = {
    schemaVersion: 1,
    journal: directory,
    ...state,
    ...(done === undefined ? {} : { backfill: done }),
  };
  process.stdout.write(options.json === true ? `${JSON.stringify(document)}\n` : asText(document, errors));
  const isFinding =
    options.backfill === true &&
    (done === undefined ? total(before) > 0 : done.left + done.asked + done.forApplication > 0);
  if (isFinding || errors.length > 0) process.exitCode = 1;
}

/** @throws NoJudgeError; RangeError when the module has none; what loading it throws */
async function judgeOf(file: string | undefined, settings: Settings): Promise<Judge | JudgeConfig> {
  if (file !== undefined) {
    const loaded = (await import(pathToFileURL(resolve(file)).href)) as { readonly judge?: unknown };
    const { judge } = loaded;
    if (typeof judge === 'function' || (typeof judge === 'object' && judge !== null && 'kind' in judge))
      return judge as Judge | JudgeConfig;
    throw new RangeError(`${file} exports no \`judge\`: a function or a configuration`);
  }
  const configured = configuredJudge(settings);
  if (configured === undefined) throw new NoJudgeError('there is no judge to ask');
  return configured;
}

function total({ waiting }: QueueState): number {
  return Object.values(waiting).reduce((sum, n) => sum + n, 0);
}

function asText(
  document: QueueState & { readonly journal: string; readonly backfill?: Backfilled },
  errors: readonly string[],
): string {
  const { summary, waiting, inProcesses, sealed, backfill, journal } = document;
  const { requests, heuristic, judged, called, savedRatio, audits, auditMisses } = summary;
  const named = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, n]) => `${n} ${name}`)
      .join(', ');
  return [
    `journal ${journal}`,
    `${requests} recall evaluations: ${heuristic} decided by the heuristic, ${judged} by a judge`,
    savedRatio === undefined
      ? 'no judge was needed yet'
      : `a judge was needed for ${called}: ${percent(savedRatio)} saved`,
    audits === 0
      ? 'nothing above the threshold was audited yet'
      : `${auditMisses} of ${audits} audited above the threshold failed there (${percent(auditMisses / audits)} missed)`,
    ...Object.entries(summary.skipped).map(([reason, n]) => `${n} skipped, ${reason}`),
    ...Object.entries(summary.dropped).map(([reason, n]) => `${n} dropped, ${reason}`),
    ...(summary.heldBack === 0 ? [] : [`${summary.heldBack} held back: their span was lost`]),
    ...(summary.maybeTwice === 0 ? [] : [`${summary.maybeTwice} may have been submitted twice`]),
    total(document) === 0
      ? 'nothing waits for a verdict'
      : `${total(document)} wait for a verdict (${named(waiting)}), ${inProcesses} of them in processes that run`,
    ...(sealed === 0 ? [] : [`${sealed} are sealed with another key`]),
    ...(backfill === undefined
      ? []
      : [
          `backfill: ${backfill.decided} decided, ${backfill.left} left` +
            (backfill.asked === 0 ? '' : `; ${backfill.asked} running processes were asked to do theirs`) +
            (backfill.forApplication === 0
              ? ''
              : `; ${backfill.forApplication} wait for the next start of the application (stack otlp)`),
        ]),
    ...errors.map((error) => `error: ${error}`),
    '',
  ].join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
