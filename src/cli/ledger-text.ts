import type { KindLedger } from '../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import type { FoundJournal } from '../pipeline/journals.ts';
import type { JournalLedger, WriterLedger } from '../pipeline/ledger-view.ts';

/** A journal with what became of its signals. */
export interface ShownJournal extends FoundJournal {
  /** Of an OTLP receiver, without credentials; undefined where nobody wrote it down. */
  readonly address: string | undefined;
  readonly found: JournalLedger;
}

const COLUMNS = ['created', 'delivered', 'pending', 'inTransit', 'sampledOut', 'unaccounted'] as const;

/** The ledger of each journal as a table, with every reason below it. */
export function ledgerText(shown: readonly ShownJournal[], directory: string): string {
  const used = shown.filter(({ found }) => found.writers.length + found.closedWriters > 0);
  return [
    `journal ${directory}`,
    ...(used.length === 0 ? shown.slice(0, 1) : used).flatMap((journal, i) => [
      ...(i === 0 ? [] : ['']),
      ...titleOf(journal),
      ...tableOf(journal.found),
    ]),
    '',
  ].join('\n');
}

function titleOf({ receiver, address }: ShownJournal): string[] {
  if (receiver === undefined) return [];
  return [`OTLP receiver ${receiver}${address === undefined ? '' : `, ${address}`}`];
}

function tableOf({ ledger, writers, closedWriters, maybeTwice }: JournalLedger): string[] {
  const head = [
    '',
    ...COLUMNS.map((column) =>
      column.replace('inTransit', 'in transit').replace('sampledOut', 'sampled out'),
    ),
  ];
  const rows = SIGNAL_KINDS.map((kind) => [kind, ...COLUMNS.map((column) => String(ledger[kind][column]))]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const reasons = SIGNAL_KINDS.flatMap((kind) => reasonsOf(kind, ledger[kind]));
  const running = writers.filter((writer) => writer.state === 'running').length;
  const all = writers.length + closedWriters;
  return [
    `${all} ${all === 1 ? 'process' : 'processes'}: ${running} running, ${all - running} ended`,
    '',
    line(head),
    ...rows.map(line),
    '',
    ...(reasons.length === 0 ? ['nothing dropped, nothing lost'] : reasons),
    ...(maybeTwice === 0 ? [] : [`${maybeTwice} signals may have arrived twice`]),
    ...oldest(writers),
  ];
}

function reasonsOf(kind: string, { dropped, lost, unobserved }: KindLedger): string[] {
  return [
    ...Object.entries(dropped).map(([reason, n]) => `${kind}: ${n} dropped, ${reason}`),
    ...Object.entries(lost)
      .filter(([, n]) => n !== 0)
      .map(([reason, n]) => `${kind}: ${n} lost, ${reason}`),
    ...(unobserved > 0 ? [`${kind}: ${unobserved} went past custody, unobserved`] : []),
  ];
}

function oldest(writers: readonly WriterLedger[]): string[] {
  const times = writers.flatMap(({ oldestMs }) => (oldestMs === undefined ? [] : [oldestMs]));
  return times.length === 0 ? [] : [`oldest pending record: ${new Date(Math.min(...times)).toISOString()}`];
}
