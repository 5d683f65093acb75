import type { Command } from 'commander';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { addLedgers, isIntact } from '../ledger/account.ts';
import type { RecallSummary } from '../evaluation/recall/summary.ts';
import { readRecallSummary } from '../pipeline/recall/counts.ts';
import { readJournalLedger } from '../pipeline/ledger-view.ts';
import { readReceiver } from '../pipeline/otlp/receiver-file.ts';
import { fold } from './fold.ts';
import { JOURNAL_OPTION, journalOf, parseKind } from './journal-argument.ts';
import { recordsText, showPending, showQuarantine } from './ledger-records.ts';
import { ledgerText, type ShownJournal } from './ledger-text.ts';

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
  const { directory, journals } = journalOf(journal);
  const shown = journals.map(({ directory: path, receiver }) => ({
    directory: path,
    receiver,
    address: receiver === undefined ? undefined : readReceiver(path)?.tracesUrl,
    found: readJournalLedger(path),
  }));
  const recall = journals
    .map((found) => readRecallSummary(found.directory))
    .find((found) => found !== undefined);
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ ...asDocument(shown, directory), ...(recall === undefined ? {} : { evaluation: recall }) })}\n`
      : fold(ledgerText(shown, directory) + recallLine(recall), process.stdout),
  );
  // What a kill took before the tracer released it is named and counted, but it is a loss all the same.
  if (!isIntact(totalOf(shown))) process.exitCode = 1;
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
  const { directory, journals, settings } = journalOf(journal);
  const request = {
    journals,
    settings,
    kinds: kind === undefined ? SIGNAL_KINDS : [parseKind(kind)],
    limit: Number(limit),
    content: content === true,
  };
  const shown = quarantine === true ? showQuarantine(request) : showPending(request);
  const document = { schemaVersion: 1, journal: directory, ...shown };
  process.stdout.write(
    json === true ? `${JSON.stringify(document)}\n` : fold(recordsText(shown, directory), process.stdout),
  );
}

/** The processes are those of the directory's own journal; `ledger` and `maybeTwice` are of everything. */
function asDocument(shown: readonly ShownJournal[], journal: string) {
  const own = shown.find(({ receiver }) => receiver === undefined)?.found;
  const receivers = shown.flatMap(({ receiver: name, address, directory, found }) => {
    if (name === undefined) return [];
    const { ledger, maybeTwice, writers: processes, closedWriters: closedProcesses } = found;
    return [
      { name, address: address ?? null, journal: directory, ledger, maybeTwice, processes, closedProcesses },
    ];
  });
  return {
    schemaVersion: 1,
    journal,
    ledger: totalOf(shown),
    maybeTwice: shown.reduce((sum, { found }) => sum + found.maybeTwice, 0),
    processes: own?.writers ?? [],
    closedProcesses: own?.closedWriters ?? 0,
    ...(receivers.length === 0 ? {} : { receivers }),
  };
}

const totalOf = (shown: readonly ShownJournal[]) => addLedgers(shown.map(({ found }) => found.ledger));
