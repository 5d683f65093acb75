import { styleText } from 'node:util';
import { checksLine, type ChecksReport } from './checks.ts';
import type { DrillReport } from './drills.ts';
import { KINDS, type Kind } from './ledger.ts';
import type { NoiseReport } from './noise.ts';
import type { JudgeReport } from './recall.ts';

/** The report of the main job, as `--report FILE` writes it. */
export interface MainJobReport {
  /** Nothing unaccounted, no line of the checklist failed, nothing lost but by the SIGKILL, and the receiver's counts agree. */
  readonly ok: boolean;
  readonly documents: number;
  readonly model: { readonly name: string; readonly standIn: boolean };
  readonly drills: readonly DrillReport[];
  /** Fields whose true value the manifest states, and how many of them were answered with it. */
  readonly quality: { readonly fields: number; readonly correct: number };
  /** Hybrid recall, over all drills. */
  readonly judge: JudgeReport;
  readonly noise: NoiseReport;
  /** The operational checklist, proved on the service by `keepspan verify`. */
  readonly checks: ChecksReport;
  readonly ui: string;
  readonly durationMs: number;
}

const LABELS: Readonly<Record<Kind, string>> = {
  spans: 'spans',
  llmSpans: 'LLM spans',
  evaluations: 'evaluations',
};
const HEAD = [
  'drill',
  'kind',
  'created',
  'delivered',
  'received',
  'again',
  'pending',
  'sampled out',
  'dropped',
  'lost',
];

/** One line when a drill is over. */
export function drillLine(drill: DrillReport): string {
  const verdict = drill.findings.length === 0 ? styleText('green', 'ok') : styleText('red', 'NOT OK');
  const replayed = drill.replayed > 0 ? `, ${drill.replayed} replayed after the restart` : '';
  return `${drill.name.padEnd(8)} ${verdict}  ${(drill.durationMs / 1_000).toFixed(1)} s${replayed}`;
}

/** The report in words. */
export function describeReport(report: MainJobReport): string {
  const { quality, noise, drills, judge } = report;
  const percent = quality.fields === 0 ? 0 : Math.round((100 * quality.correct) / quality.fields);
  const model = report.model.standIn ? 'stand-in, no real model' : report.model.name;
  const findings = [
    ...drills.flatMap((drill) => drill.findings.map((finding) => `  ${drill.name}: ${finding}`)),
    ...report.checks.findings.map((finding) => `  checklist: ${finding}`),
  ];
  return [
    '',
    ...table(drills),
    '',
    `Documents   ${report.documents} packages, five questions each`,
    `Answers     ${quality.correct} of ${quality.fields} with a known true value are right (${percent} %; ${model})`,
    `Judge       needed for ${judge.called} of ${judge.requests} requests: ${(100 * judge.savedRatio).toFixed(0)} % of the calls saved`,
    `            ${missed(judge)}`,
    `            ${judge.checkable.called} of the ${judge.checkable.requests} with an answer to check (${(100 * (1 - judge.checkable.savedRatio)).toFixed(0)} %), all ${judge.requests - judge.checkable.requests} without`,
    `Noise       ${noise.seen} polls and probes made, ${noise.kept} of them arrived`,
    ...noise.rules.map(({ rule, seen, kept }) => `            ${rule}: ${kept} of ${seen} kept`),
    checksLine(report.checks),
    '',
    ...(report.ok
      ? [`${styleText('green', 'Everything is accounted for.')} The receiver counted what the ledger says.`]
      : [styleText('red', 'Not everything is accounted for:'), ...findings]),
    '',
  ].join('\n');
}

function missed({ missRate }: JudgeReport): string {
  return missRate === null
    ? 'none above the threshold audited'
    : `${(100 * missRate).toFixed(0)} % of those audited above the threshold failed there`;
}

function table(drills: readonly DrillReport[]): string[] {
  const rows = drills.flatMap((drill) =>
    KINDS.map((kind) => {
      const counts = drill.ledger[kind];
      const { unique, duplicates } = drill.arrivals[kind];
      const numbers = [
        counts.created,
        counts.delivered,
        unique,
        duplicates,
        counts.pending,
        counts.sampledOut,
      ];
      return [
        kind === 'spans' ? drill.name : '',
        LABELS[kind],
        ...numbers.map(String),
        reasons(counts.dropped),
        reasons(counts.lost, counts.unaccounted),
      ];
    }),
  );
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(HEAD), ...rows.map(line)];
}

function reasons(counts: Readonly<Record<string, number>>, unaccounted = 0): string {
  const named = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`);
  if (unaccounted !== 0) named.push(`${unaccounted} unaccounted`);
  return named.length === 0 ? '0' : named.join(', ');
}
