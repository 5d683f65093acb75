import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import type { Loss, ObserveReport } from '../pipeline/observe/report.ts';
import { fold } from './fold.ts';

const NAMES: Readonly<Record<SignalKind, string>> = {
  spans: 'spans',
  llmSpans: 'LLM spans',
  evaluations: 'evaluations',
};
/** Reasons that need a word more. */
const REASONS: Readonly<Record<string, string>> = {
  killed: "killed, by SIGKILL or a signal that nothing in the service handles: 'exit' never came",
};
const HEAD = ['', 'created', 'acknowledged', 'in transit', 'dropped', 'lost'];

/** One line: enough to see that something is lost, or may be. */
export function statusLine(report: ObserveReport, seconds: number): string {
  const parts = SIGNAL_KINDS.map((kind) => {
    const { created, acknowledged, lost } = report.kinds[kind];
    return `${NAMES[kind]} ${acknowledged} of ${created} acknowledged${lost > 0 ? `, ${lost} lost` : ''}`;
  });
  return [titleOf(seconds), ...parts, ...report.notes.map((note) => `! ${note}`)].join('  ');
}

/** The head of the block, whose table has the figures. */
export function titleOf(seconds: number): string {
  return `keepspan observe  ${Math.round(seconds)} s`;
}

/**
 * Created against acknowledged per kind, then each reason of a loss with what changes it.
 *
 * @param isFinal the service has ended
 */
export function reportLines(report: ObserveReport, isFinal: boolean): string[] {
  const rows = SIGNAL_KINDS.map((kind) => {
    const { created, acknowledged, inTransit, dropped, lost } = report.kinds[kind];
    return [NAMES[kind], ...[created, acknowledged, inTransit, dropped, lost].map(String)];
  });
  const widths = HEAD.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const created = SIGNAL_KINDS.reduce((sum, kind) => sum + report.kinds[kind].created, 0);
  const losses = lossLines(report.losses);
  const good = isFinal ? '✔ nothing was lost' : '✔ nothing was lost so far';
  return [
    line(HEAD),
    ...rows.map(line),
    ...losses,
    ...report.notes.map((note) => `! ${note}`),
    ...(losses.length === 0 && report.notes.length === 0 ? [created > 0 ? good : 'nothing created yet'] : []),
  ];
}

/** One entry a reason: its fix is the same for every kind of signal. */
function lossLines(losses: readonly Loss[]): string[] {
  const byReason = Map.groupBy(losses, ({ reason, fix }) => JSON.stringify([reason, fix]));
  return [...byReason.values()].flatMap((of) => {
    const [{ reason, fix }] = of as [Loss];
    const what = of.map(({ kind, signals }) => `${signals} ${NAMES[kind]}`).join(', ');
    return [`✖ ${what} lost: ${REASONS[reason] ?? reason}`, `    fix    ${fix}`];
  });
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
    const folded = fold(lines.join('\n'), { columns }).split('\n');
    const shown = folded.slice(0, Math.max(0, rows - 4));
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
