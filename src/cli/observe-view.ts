import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import type { ObserveReport } from '../pipeline/observe/report.ts';

const NAMES: Readonly<Record<SignalKind, string>> = {
  spans: 'spans',
  llmSpans: 'LLM spans',
  evaluations: 'evaluations',
};
const HEAD = ['', 'created', 'acknowledged', 'in transit', 'dropped', 'lost'];

/** One line: enough to see that something is lost. */
export function statusLine(report: ObserveReport, seconds: number): string {
  const parts = SIGNAL_KINDS.map((kind) => {
    const { created, acknowledged, lost } = report.kinds[kind];
    return `${NAMES[kind]} ${acknowledged} of ${created} acknowledged${lost > 0 ? `, ${lost} lost` : ''}`;
  });
  return `keepspan observe  ${Math.round(seconds)} s  ${parts.join('  ')}`;
}

/** Created against acknowledged per kind, then each loss with its reason and what changes it. */
export function reportLines(report: ObserveReport): string[] {
  const rows = SIGNAL_KINDS.map((kind) => {
    const { created, acknowledged, inTransit, dropped, lost } = report.kinds[kind];
    return [NAMES[kind], ...[created, acknowledged, inTransit, dropped, lost].map(String)];
  });
  const widths = HEAD.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const created = SIGNAL_KINDS.reduce((sum, kind) => sum + report.kinds[kind].created, 0);
  const losses = report.losses.flatMap(({ kind, signals, reason, fix }) => [
    `✖ ${signals} ${NAMES[kind]} lost: ${reason}`,
    `    fix    ${fix}`,
  ]);
  return [
    line(HEAD),
    ...rows.map(line),
    ...losses,
    ...report.notes.map((note) => `! ${note}`),
    ...(losses.length === 0 && report.notes.length === 0
      ? [created > 0 ? '✔ nothing was lost' : 'nothing created yet']
      : []),
  ];
}

/** The part of a terminal that the block needs. */
export interface Terminal {
  readonly rows: number;
  readonly columns: number;
  write(text: string): void;
}

const SAVE = '\u001b7';
const RESTORE = '\u001b8';

/**
 * Lines at the bottom of a terminal that stay there while the service writes above them: the terminal scrolls the
 * region above alone (DECSTBM, ECMA-48 CUP and EL).
 */
export class BottomBlock {
  readonly #terminal: Terminal;
  #height = 0;
  #rows = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(lines: readonly string[]): void {
    const { rows, columns } = this.#terminal;
    const shown = lines.slice(0, Math.max(0, rows - 4));
    if (shown.length !== this.#height || rows !== this.#rows) this.#reserve(shown.length);
    const text = shown
      .map((line, i) => `\u001b[${rows - shown.length + i + 1};1H\u001b[2K${line.slice(0, columns)}`)
      .join('');
    this.#terminal.write(`${SAVE}${text}${RESTORE}`);
  }

  /** Gives the lines back. */
  close(): void {
    if (this.#height > 0) this.#reserve(0);
  }

  #reserve(height: number): void {
    const { rows } = this.#terminal;
    const clear = Array.from({ length: this.#height }, (_, i) => `\u001b[${rows - i};1H\u001b[2K`).join('');
    // Setting the region moves the cursor home: it is saved before, on a line that stays inside.
    const room =
      height > this.#height ? `${'\n'.repeat(height - this.#height)}\u001b[${height - this.#height}A` : '';
    this.#terminal.write(
      `${room}${SAVE}${clear}${height === 0 ? '\u001b[r' : `\u001b[1;${rows - height}r`}${RESTORE}`,
    );
    this.#height = height;
    this.#rows = rows;
  }
}
