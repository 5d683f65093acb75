import { createReadStream, writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { calibrate, type Calibration, type ThresholdRow } from '../evaluation/calibration/calibrate.ts';
import { plot } from '../evaluation/calibration/plot.ts';
import { readRecords, type ReadRecords } from '../evaluation/calibration/read-records.ts';
import { CODES } from '../selfmetrics/codes.ts';

interface CalibrateOptions {
  readonly maxMiss: number;
  readonly passScore: number;
  readonly confident?: boolean;
  readonly field?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

/** The file does not hold what a calibration needs. */
class NoLabelsError extends Error {
  override readonly name = 'NoLabelsError';
  readonly code = 'KS-CALIBRATE-001';
  readonly fix = CODES['KS-CALIBRATE-001'].fix;
}

/** Adds `keepspan calibrate`: which recall threshold misses how much, and the cheapest one that meets a target. */
export function calibrateCommand(program: Command): void {
  program
    .command('calibrate')
    .description(
      'find the recall threshold that misses little at the fewest judge calls; exit 1 when none meets the target',
    )
    .argument('<file>', 'records, one JSON object a line; - for standard input')
    .option('--max-miss <share>', 'the most of the incomplete requests that may be missed', readShare, 0.05)
    .option('--pass-score <score>', "a judge's score from which a context is complete", readShare, 0.7)
    .option('--confident', 'the upper bound of the 95 % interval has to meet it')
    .option('--field <name>', 'records of one field alone')
    .option('--svg <file>', 'write a plot')
    .option('--json', 'one JSON document on stdout')
    .action(async (file: string, options: CalibrateOptions) => {
      const read = await readRecords(linesOf(file));
      const { maxMiss, passScore, confident = false, field } = options;
      const records = read.records.filter((record) => field === undefined || record.field === field);
      const found = calibrate(records, { maxMiss, passScore, confident });
      if (found.incomplete === 0) {
        const first = read.problems[0];
        const why = first === undefined ? '' : `; line ${first.line}: ${first.why}`;
        throw new NoLabelsError(
          `of ${records.length} records ${found.labelled} are labelled, none of them as incomplete${why}`,
        );
      }
      if (options.svg !== undefined) writeFileSync(options.svg, plot(found, maxMiss));
      const { problems, unusable } = read;
      const document = { schemaVersion: 1, maxMiss, passScore, confident, ...found, unusable, problems };
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ ...document, chosen: found.chosen ?? null })}\n`
          : asText(found, read, options),
      );
      if (found.chosen === undefined) process.exitCode = 1;
    });
}

/** Not by readline: it does not pass on the error of a file that is not there. */
async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin.setEncoding('utf8') : createReadStream(file, 'utf8');
  let rest = '';
  for await (const part of input) {
    const lines = `${rest}${part as string}`.split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

function readShare(text: string): number {
  const share = Number(text);
  if (text.trim() === '' || !(share >= 0 && share <= 1))
    throw new InvalidArgumentError('it is no number from 0 to 1');
  return share;
}

function asText(found: Calibration, { unusable, problems }: ReadRecords, options: CalibrateOptions): string {
  const { rows, chosen, requests, labelled, incomplete, unknown } = found;
  const shown = rows.filter(
    ({ threshold }) => Math.round(threshold * 100) % 10 === 0 || threshold === chosen?.threshold,
  );
  const head = ['threshold', 'judged', 'missed', '95 % interval', 'agreement'];
  const cells = shown.map((row) => [
    `${row.threshold === chosen?.threshold ? '→ ' : ''}${row.threshold.toFixed(2)}`,
    percent(row.judged),
    percent(row.missRate),
    `${percent(row.missInterval.low)} – ${percent(row.missInterval.high)}`,
    percent(row.agreement),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padStart(widths[i]!)).join('  ');
  const first = problems[0];
  return [
    `${requests} requests, ${labelled} labelled, ${Math.round(incomplete)} incomplete`,
    ...(unknown === 0 ? [] : [`${unknown} requests without a label: misses among them are not counted`]),
    ...(first === undefined ? [] : [`${unusable} lines could not be used; line ${first.line}: ${first.why}`]),
    '',
    line(head),
    ...cells.map(line),
    '',
    conclusion(chosen, options),
    '',
  ].join('\n');
}

function conclusion(chosen: ThresholdRow | undefined, { maxMiss, confident }: CalibrateOptions): string {
  const target = `at most ${percent(maxMiss)} missed${confident === true ? ', with 95 % confidence' : ''}`;
  if (chosen === undefined) return `✖ no threshold meets the target: ${target}`;
  return [
    `KEEPSPAN_RECALL_THRESHOLD=${chosen.threshold.toFixed(2)} meets the target: ${target}`,
    `KEEPSPAN_RECALL_MAX_FALSE_PASS=${(Math.ceil(chosen.falsePassInterval.high * 1000) / 1000).toFixed(3)} warns when production misses more`,
    `saves ${percent(chosen.saved)} of the judge calls; misses ${percent(chosen.missRate)}, at most ${percent(chosen.missInterval.high)}`,
  ].join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
