import { InvalidArgumentError } from 'commander';
import type { Verdict } from '../contracts/sampling.ts';
import type { DryRun } from '../sampling/dry-run.ts';
import type { PolicyProblem, PolicySource, Rule } from '../sampling/policy.ts';

export interface CheckDocument {
  readonly schemaVersion: 1;
  readonly profile: string;
  readonly source: PolicySource;
  readonly file: string | null;
  readonly rules: readonly Rule[];
  readonly problems: readonly PolicyProblem[];
}

export interface Explanation {
  readonly schemaVersion: 1;
  /** 16 hexadecimal digits: the half that decides. */
  readonly traceId: string;
  /** As they were recorded: one, unless the trace was released in parts or went through the process twice. */
  readonly parts: readonly {
    readonly spans: number;
    readonly bytes: number;
    readonly root: string | null;
    readonly verdict: Verdict;
  }[];
}

type DryRunDocument = DryRun & {
  readonly schemaVersion: 1;
  readonly usdPerGb: number;
  readonly savedUsd: number;
};

/** A price, or the like: a number that is not negative. */
export function readRate(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new InvalidArgumentError('it is no number from 0 on');
  return number;
}

export function checkText({ profile, source, file, rules, problems }: CheckDocument): string {
  const lines = [`profile ${profile}, rules from: ${source}${file === null ? '' : ` (${file})`}`];
  for (const { id } of rules) lines.push(`  ${id}`);
  for (const { severity, code, at, line, why, fix } of problems) {
    const place = line === undefined ? at : `${file ?? at}:${line} ${at}`;
    lines.push(`${severity === 'error' ? '✖' : '!'} ${code} ${place}: ${why}`, `    fix: ${fix}`);
  }
  if (problems.some(({ severity }) => severity === 'error'))
    lines.push('The policy is refused: at run time everything would be kept.');
  else if (problems.length === 0)
    lines.push(rules.length === 0 ? 'Nothing is thinned.' : 'The policy is good.');
  return `${lines.join('\n')}\n`;
}

export function explainText({ traceId, parts }: Explanation): string {
  const lines = parts.map(({ spans, bytes, root, verdict }) => {
    const rate = verdict.rate === 1 ? '' : ` (rate ${verdict.rate})`;
    const rule = verdict.rule === undefined ? '' : `, rule ${verdict.rule}`;
    return `  ${root ?? 'a part without its root'}, ${spans} spans, ${bytes} bytes: ${verdict.keep ? 'kept' : 'dropped'}, ${verdict.reason}${rule}${rate}`;
  });
  return `trace ${traceId}\n${lines.join('\n')}\n`;
}

const HEAD = ['rule', 'seen', 'kept', 'dropped', 'bytes', 'dropped bytes'];

export function dryRunText({ rows, total, usdPerGb, savedUsd }: DryRunDocument): string {
  const cells = [...rows, total].map((row) =>
    [row.rule, row.seen, row.kept, row.dropped, row.bytes, row.droppedBytes].map(String),
  );
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [
    line(HEAD),
    ...cells.map(line),
    '',
    `Dropping ${total.dropped} of ${total.seen} traces saves ${total.droppedBytes} bytes of ingestion, at ${usdPerGb} USD a GB ${savedUsd.toPrecision(3)} USD in the time recorded. Nothing was dropped now.`,
    '',
  ].join('\n');
}
