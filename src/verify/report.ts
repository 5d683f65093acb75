import { evidenceLines, markOf, type TextOptions } from '../checks/report/marks.ts';
import type { CheckOutcome, CheckStatus } from '../contracts/check.ts';
import { SWITCHED_OFF } from './checks/arrivals.ts';
import type { LineOutcome } from './evidence.ts';

const WORDS: Readonly<Record<CheckStatus, string>> = {
  fail: 'failed',
  warn: 'with warnings',
  unknown: 'unknown',
  pass: 'passed',
  'not-applicable': 'not applicable',
};
const ORDER: readonly CheckStatus[] = ['pass', 'fail', 'warn', 'unknown', 'not-applicable'];

/** The checklist with a mark at each line; findings with evidence and fix. */
export function verifyText(
  lines: readonly LineOutcome[],
  { verbose, color, durationMs }: TextOptions,
): string {
  const groups = [...new Set(lines.map(({ group }) => group))];
  const told = new Set<string>();
  const tell = (check: CheckOutcome): string[] => {
    if (told.has(check.id)) return [`    ${check.id}  as above`];
    told.add(check.id);
    return described(check);
  };
  const text = groups.flatMap((group) => [
    group,
    ...lines
      .filter((line) => line.group === group)
      .flatMap(({ line, status, checks }) => [
        `${markOf(status, color)} ${line}`,
        ...checks.filter((check) => isShown(check, status, verbose)).flatMap(tell),
      ]),
    '',
  ]);
  const counts = ORDER.map(
    (status) => [lines.filter((line) => line.status === status).length, WORDS[status]] as const,
  );
  const summary = counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(', ');
  return `${text.join('\n')}\n${hintOf(lines)}${lines.length} lines of the checklist: ${summary} (${(durationMs / 1000).toFixed(1)}s)\n`;
}

/** One cause of most of what failed, said as one. */
function hintOf(lines: readonly LineOutcome[]): string {
  const start = lines.flatMap(({ checks }) => checks).find(({ id }) => id === 'KS-VERIFY-001');
  if (start?.evidence[0]?.startsWith(SWITCHED_OFF) !== true) return '';
  return (
    'The service ran with observability switched off, and most of what failed follows from that.\n' +
    'Give it the environment of production: DD_LLMOBS_ENABLED=1 keepspan verify …\n\n'
  );
}

function isShown({ status }: CheckOutcome, ofLine: CheckStatus, verbose: boolean): boolean {
  if (status === 'fail' || status === 'warn') return true;
  if (status === 'unknown') return verbose || ofLine === 'unknown';
  return verbose && status === 'pass';
}

function described({ id, slug, title, status, evidence, fix, docs }: CheckOutcome): string[] {
  const isFinding = status === 'fail' || status === 'warn';
  return [
    `    ${id}  ${isFinding ? title : slug}`,
    ...evidenceLines(evidence, '      '),
    ...(isFinding ? [`      fix    ${fix ?? ''}`, `      docs   ${docs}`] : []),
  ];
}

export interface VerifyDocument {
  readonly version: string;
  readonly command: readonly string[];
  readonly lines: readonly LineOutcome[];
  readonly durationMs: number;
}

/** One JSON document. `schemaVersion` grows when a field changes its meaning; new fields may come at any time. */
export function verifyJson({ version, command, lines, durationMs }: VerifyDocument): string {
  const checks = new Map(lines.flatMap((line) => line.checks).map((check) => [check.id, check]));
  return `${JSON.stringify({
    schemaVersion: 1,
    keepspan: version,
    command,
    counts: Object.fromEntries(
      ORDER.map((status) => [status, lines.filter((line) => line.status === status).length]),
    ),
    durationMs: Math.round(durationMs),
    lines: lines.map(({ group, line, status, checks: own }) => ({
      group,
      line,
      status,
      checks: own.map(({ id }) => id),
    })),
    checks: Array.from(checks.values(), ({ at, fix, ...rest }) => ({
      ...rest,
      durationMs: Math.round(rest.durationMs),
      fix: fix ?? null,
      at: at ?? null,
    })),
  })}\n`;
}

/** A row of the workbench's checklist. */
export type ChecklistEntry = Readonly<Record<string, unknown>>;

/** The lines as the workbench shows them; `checkedAtMs` is wall-clock time. */
export function checklistEntries(lines: readonly LineOutcome[], checkedAtMs: number): ChecklistEntry[] {
  return lines.map(({ group, line, status, checks }) => {
    const telling = checks.filter((check) => check.status === status);
    return {
      id: telling[0]?.id ?? '',
      ...{ section: group, line, status, checkedAtMs },
      evidence: telling.flatMap(({ evidence }) => evidence),
      fix: telling.find(({ fix }) => fix !== undefined)?.fix ?? null,
    };
  });
}
