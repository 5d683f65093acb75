import type { Outcome } from './run-once.ts';
import type { RivalRow } from './rivals.ts';
import type { Scenario } from './scenarios.ts';

/** All runs of one rival in one scenario. */
export interface Cell {
  readonly rival: string;
  readonly scenario: string;
  readonly outcomes: readonly Outcome[];
}

type Read = (outcome: Outcome) => number | undefined;

function values(cell: Cell | undefined, read: Read): number[] {
  return (cell?.outcomes ?? []).map(read).filter((value) => value !== undefined);
}

function median(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** What arrived: the median, and the range where runs differ; `⁺` where it took the next start of the program. */
function receivedText(cell: Cell | undefined, count: number): string {
  const received = values(cell, (outcome) => outcome.received);
  const middle = median(received);
  if (middle === undefined) return '–';
  const [least, most] = [Math.min(...received), Math.max(...received)];
  const text = least === most ? digits(middle) : `${digits(middle)} (${digits(least)} to ${digits(most)})`;
  const later = values(cell, (outcome) => outcome.received - outcome.atOnce).some((more) => more > 0);
  return `${least === count ? `**${text}**` : text}${later ? '⁺' : ''}`;
}

function digits(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function secondsText(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 995 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The comparison as Markdown: what arrived, how long ends took, and what it cost. */
export function renderTables(
  rivals: readonly RivalRow[],
  scenarios: readonly Scenario[],
  cells: readonly Cell[],
): string {
  const cell = (rival: RivalRow, scenario: Scenario): Cell | undefined =>
    cells.find((one) => one.rival === rival.id && one.scenario === scenario.id);
  const groups = (['exits', 'faults'] as const).flatMap((group) => {
    const columns = scenarios.filter((scenario) => scenario.group === group);
    if (columns.length === 0) return [];
    const head = ['', ...columns.map(({ name }) => name)];
    const received = rivals.map((rival) => [
      rival.name,
      ...columns.map((scenario) => receivedText(cell(rival, scenario), scenario.count)),
    ]);
    const ends = rivals.map((rival) => [
      rival.name,
      ...columns.map((scenario) => secondsText(median(values(cell(rival, scenario), ({ endMs }) => endMs)))),
    ]);
    const counts = [...new Set(columns.map(({ count }) => digits(count)))].join(', ');
    return [
      `Received, of ${counts}, ${group === 'exits' ? 'by how the process ends' : 'by what happens'}:`,
      table(head, received),
      'Until the process was gone:',
      table(head, ends),
    ];
  });
  const cost = scenarios
    .filter(({ group }) => group === 'cost')
    .map((scenario) => {
      const rows = rivals.map((rival) => {
        const one = cell(rival, scenario);
        const cpuMs = median(values(one, (outcome) => outcome.cpuMs));
        const rssMb = median(values(one, (outcome) => outcome.rssMb));
        return [
          rival.name,
          receivedText(one, scenario.count),
          cpuMs === undefined ? '–' : `${((cpuMs * 1000) / scenario.count).toFixed(0)} µs`,
          rssMb === undefined ? '–' : `${rssMb.toFixed(0)} MB`,
        ];
      });
      return `${scenario.name}:\n\n${table(['', 'received', 'CPU a span, all threads', 'highest memory'], rows)}`;
    });
  const twice = cells
    .map((one) => [one, Math.max(0, ...values(one, (outcome) => outcome.twice))] as const)
    .filter(([, most]) => most > 0)
    .map(([one, most]) => `${one.rival} in ${one.scenario}: up to ${most}`);
  const again = `Arrived more than once: ${twice.length === 0 ? 'nothing' : twice.join('; ')}.`;
  return `${[...groups, ...cost, again].join('\n\n')}\n`;
}
