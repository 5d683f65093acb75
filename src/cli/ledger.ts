import type { Command } from 'commander';
import type { KindLedger } from '../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { isIntact } from '../ledger/account.ts';
import type { RecallSummary } from '../evaluation/recall/summary.ts';
import { readRecallSummary } from '../pipeline/recall/counts.ts';
import { readJournalLedger, type JournalLedger, type WriterLedger } from '../pipeline/ledger-view.ts';
import { JOURNAL_OPTION, journalOf, parseKind } from './journal-argument.ts';
import { recordsText, showPending, showQuarantine } from './ledger-records.ts';

interface LedgerOptions {
  readonly journal?: string;
  readonly records?: boolean;
  readonly quarantine?: boolean;
  readonly kind?: string;
  readonly limit: string;
  readonly content?: boolean;
  readonly json?: boolean;
}

/** Adds `keepspan ledger`: what became of every signal, read from the journal. Exit 1 when something was lost. */
export function ledgerCommand(program: Command): void {
  program
    .command('ledger')
    .description('show what became of every signal: delivered, pending, dropped, lost, by name')
    .option(...JOURNAL_OPTION)
    .option('--records', 'show the records that wait, without their content')
    .option('--quarantine', 'show the records that upstream refused, without their content')
    .option('--kind <kind>', `records of one kind: ${SIGNAL_KINDS.join(', ')}`)
    .option('--limit <n>', 'records shown at most', '100')
    .option('--content', 'records with their content: prompts, completions, tags')
    .option('--json', 'one JSON document on stdout')
    .action((options: LedgerOptions) => {
      if (options.records === true || options.quarantine === true) showRecords(options);
      else showLedger(options);
    });
}

function showLedger({ journal, json }: LedgerOptions): void {
  const { directory } = journalOf(journal);
  const found = readJournalLedger(directory);
  const recall = readRecallSummary(directory);
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ ...asDocument(found, directory), ...(recall === undefined ? {} : { evaluation: recall }) })}\n`
      : asText(found, directory) + recallLine(recall),
  );
  // What a kill took before the tracer released it is named and counted, but it is a loss all the same.
  if (!isIntact(found.ledger)) process.exitCode = 1;
}

/** One line on hybrid recall; `keepspan evaluate` says more. */
function recallLine(recall: RecallSummary | undefined): string {
  if (recall === undefined) return '';
  const { requests, called, savedRatio = 1, skipped } = recall;
  const without = Object.values(skipped).reduce((sum, n) => sum + n, 0) - recall.backfilled;
  const saved = `${(savedRatio * 100).toFixed(1)} % saved`;
  return `recall: ${requests} evaluated, a judge needed for ${called} (${saved})${without > 0 ? `, ${without} skipped` : ''}\n`;
}

function showRecords({ journal, quarantine, kind, limit, content, json }: LedgerOptions): void {
  if (!/^\d{1,7}$/.test(limit)) throw new RangeError(`--limit is a number of records, not "${limit}"`);
  const { directory, settings } = journalOf(journal);
  const request = {
    directory,
    settings,
    kinds: kind === undefined ? SIGNAL_KINDS : [parseKind(kind)],
    limit: Number(limit),
    content: content === true,
  };
  const shown = quarantine === true ? showQuarantine(request) : showPending(request);
  const document = { schemaVersion: 1, journal: directory, ...shown };
  process.stdout.write(json === true ? `${JSON.stringify(document)}\n` : recordsText(shown, directory));
}

function asDocument(found: JournalLedger, journal: string) {
  const { ledger, maybeTwice, writers, closedWriters } = found;
  return {
    schemaVersion: 1,
    journal,
    ledger,
    maybeTwice,
    processes: writers,
    closedProcesses: closedWriters,
  };
}

const COLUMNS = ['created', 'delivered', 'pending', 'inTransit', 'sampledOut', 'unaccounted'] as const;

function asText({ ledger, writers, closedWriters, maybeTwice }: JournalLedger, journal: string): string {
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
  return [
    `journal ${journal}`,
    `${writers.length + closedWriters} processes: ${running} running, ${writers.length + closedWriters - running} ended`,
    '',
    line(head),
    ...rows.map(line),
    '',
    ...(reasons.length === 0 ? ['nothing dropped, nothing lost'] : reasons),
    ...(maybeTwice === 0 ? [] : [`${maybeTwice} signals may have arrived twice`]),
    ...oldest(writers),
    '',
  ].join('\n');
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
