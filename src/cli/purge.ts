import type { Command } from 'commander';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { countPurge, purge, type Purged } from '../pipeline/inspect/purge.ts';
import { removeQuarantine } from '../pipeline/inspect/quarantine.ts';
import { CODES } from '../selfmetrics/codes.ts';
import { parseAge } from './age.ts';
import { JOURNAL_OPTION, journalOf, parseKind } from './journal-argument.ts';

interface PurgeOptions {
  readonly journal?: string;
  readonly olderThan?: string;
  readonly kind?: string;
  readonly quarantine?: boolean;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Nothing was named that is to be removed. */
class NothingNamedError extends Error {
  override readonly name = 'NothingNamedError';
  readonly code = 'KS-PURGE-002';
  readonly fix = CODES['KS-PURGE-002'].fix;
}

const NOTHING: Purged = {
  signals: { spans: 0, llmSpans: 0, evaluations: 0 },
  records: 0,
  recall: 0,
  statistics: 0,
};

/** Adds `keepspan purge`: removes journaled data for good. Without --yes it says what it would remove, and exits 1. */
export function purgeCommand(program: Command): void {
  program
    .command('purge')
    .description('remove journaled data for good; what was pending is counted as dropped.purged')
    .option(...JOURNAL_OPTION)
    .option('--older-than <age>', 'pending records older than this: 30m, 12h, 7d')
    .option('--kind <kind>', `pending records of one kind: ${SIGNAL_KINDS.join(', ')}`)
    .option('--quarantine', 'what upstream refused, instead of what is pending')
    .option(
      '--all',
      'everything: pending records of every kind and age, recall evaluations, and the quarantine',
    )
    .option('--yes', 'remove it; without this only say what would be removed')
    .option('--json', 'one JSON document on stdout')
    .action((options: PurgeOptions) => {
      const { olderThan, kind, quarantine = false, all = false, yes = false } = options;
      if (olderThan === undefined && kind === undefined && !quarantine && !all)
        throw new NothingNamedError('it was not said what to remove');
      const selection = {
        kinds: kind === undefined ? SIGNAL_KINDS : [parseKind(kind)],
        beforeMs:
          olderThan === undefined
            ? Number.POSITIVE_INFINITY
            : Date.now() - parseAge('--older-than', olderThan),
      };
      const { directory, journals } = journalOf(options.journal);
      const directories = journals.map((journal) => journal.directory);
      const wantsPending = all || olderThan !== undefined || kind !== undefined;
      const pending = !wantsPending
        ? NOTHING
        : yes
          ? purge(directories, selection)
          : countPurge(directories, selection);
      const refused = all || quarantine ? removeQuarantine(directories, yes) : { records: 0, bytes: 0 };
      const receivers = journals.flatMap(({ receiver }) => receiver ?? []);
      const document = {
        schemaVersion: 1,
        journal: directory,
        ...(receivers.length === 0 ? {} : { receivers }),
        removed: yes,
        pending,
        quarantine: refused,
      };
      process.stdout.write(options.json === true ? `${JSON.stringify(document)}\n` : asText(document));
      if (!yes) process.exitCode = 1;
    });
}

interface PurgeDocument {
  readonly journal: string;
  /** OTLP receivers whose journals below it are in the figures. */
  readonly receivers?: readonly string[];
  readonly removed: boolean;
  readonly pending: Purged;
  readonly quarantine: { readonly records: number; readonly bytes: number };
}

function asText({ journal, receivers = [], removed, pending, quarantine }: PurgeDocument): string {
  const kinds = SIGNAL_KINDS.map((kind) => `${pending.signals[kind]} ${kind}`).join(', ');
  return [
    `journal ${journal}`,
    ...receivers.map((name) => `with that of the OTLP receiver ${name}`),
    `${removed ? 'removed' : 'would remove'} ${pending.records} pending records: ${kinds}`,
    `${removed ? 'removed' : 'would remove'} ${pending.recall} recall evaluations without a verdict`,
    ...(pending.statistics === 0
      ? []
      : [`${removed ? 'removed' : 'would remove'} the hit statistics of ${pending.statistics} spans`]),
    `${removed ? 'removed' : 'would remove'} ${quarantine.records} refused records (${quarantine.bytes} bytes)`,
    removed ? '' : 'nothing was removed: add --yes to do it\n',
  ].join('\n');
}
