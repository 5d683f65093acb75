import type { Command } from 'commander';
import type { KindLedger } from '../contracts/ledger.ts';
import { checkFormat, isJournal } from '../journal/directory.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { isIntact } from '../ledger/account.ts';
import { readJournalLedger, type JournalLedger, type WriterLedger } from '../pipeline/ledger-view.ts';
import { loadSettings } from '../settings/load.ts';

interface LedgerOptions {
  readonly journal?: string;
  readonly json?: boolean;
}

/** The journal directory that a command was pointed at is not there. */
class NoJournalError extends Error {
  override readonly name = 'NoJournalError';
  readonly code = 'KS-JOURNAL-005';
  readonly fix =
    'name the directory with --journal DIR or KEEPSPAN_JOURNAL_DIR; `observability_initialized` says where it is';
}

/** Adds `keepspan ledger`: what became of every signal, read from the journal. Exit 1 when something was lost. */
export function ledgerCommand(program: Command): void {
  program
    .command('ledger')
    .description('show what became of every signal: delivered, pending, dropped, lost, by name')
    .option(
      '--journal <dir>',
      'journal directory (default: KEEPSPAN_JOURNAL_DIR, else the default of this service)',
    )
    .option('--json', 'one JSON document on stdout')
    .action((options: LedgerOptions) => {
      const directory = options.journal ?? loadSettings().settings.journalDir;
      const found = directory === undefined ? undefined : read(directory);
      if (found === undefined)
        throw new NoJournalError(`there is no journal at ${directory ?? '(no directory)'}`);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(asDocument(found, directory!))}\n`
          : asText(found, directory!),
      );
      // What a kill took before the tracer released it is named and counted, but it is a loss all the same.
      if (!isIntact(found.ledger)) process.exitCode = 1;
    });
}

function read(directory: string): JournalLedger | undefined {
  if (!isJournal(directory)) return undefined;
  checkFormat(directory);
  return readJournalLedger(directory);
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
    ...Object.entries(lost).map(([reason, n]) => `${kind}: ${n} lost, ${reason}`),
    ...(unobserved > 0 ? [`${kind}: ${unobserved} went past custody, unobserved`] : []),
  ];
}

function oldest(writers: readonly WriterLedger[]): string[] {
  const times = writers.flatMap(({ oldestMs }) => (oldestMs === undefined ? [] : [oldestMs]));
  return times.length === 0 ? [] : [`oldest pending record: ${new Date(Math.min(...times)).toISOString()}`];
}
