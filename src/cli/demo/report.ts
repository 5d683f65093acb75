import type { Ledger } from '../../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import type { Arrivals } from '../../verify/arrivals.ts';
import type { InterruptionEvidence } from '../../verify/evidence.ts';

/** What became of one drill. */
export interface DemoDrill {
  readonly name: string;
  readonly ledger: Ledger | undefined;
  readonly arrivals: Readonly<
    Record<(typeof SIGNAL_KINDS)[number], { readonly unique: number; readonly again: number }>
  >;
  /** Empty: all is accounted for. */
  readonly problems: readonly string[];
}

export function demoDrill(
  name: string,
  evidence: InterruptionEvidence,
  problems: readonly string[],
): DemoDrill {
  return { name, ledger: evidence.ledger, arrivals: countsOf(evidence.arrivals), problems };
}

function countsOf(arrivals: Arrivals): DemoDrill['arrivals'] {
  return {
    spans: arrivals.count('spans'),
    llmSpans: arrivals.count('llmSpans'),
    evaluations: arrivals.count('evaluations'),
  };
}

const LABELS = { spans: 'spans', llmSpans: 'LLM spans', evaluations: 'evaluations' } as const;
// As wide as a terminal of 80 columns.
const HEAD = ['drill', 'kind', 'made', 'delivered', 'arrived', 'again', 'waits', 'sampled', 'lost'];

/** A table of the drills, one row a kind of signal. */
export function drillTable(drills: readonly DemoDrill[]): string {
  const rows = drills.flatMap(({ name, ledger, arrivals }) =>
    SIGNAL_KINDS.map((kind, i) => {
      const counts = ledger?.[kind];
      const { unique, again } = arrivals[kind];
      const numbers = [
        counts?.created,
        counts?.delivered,
        unique,
        again,
        counts?.pending,
        counts?.sampledOut,
      ];
      return [i === 0 ? name : '', LABELS[kind], ...numbers.map((n) => String(n ?? '?')), lost(counts?.lost)];
    }),
  );
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(HEAD), ...rows.map(line)].join('\n');
}

function lost(reasons: Readonly<Record<string, number>> | undefined): string {
  if (reasons === undefined) return '?';
  const named = Object.entries(reasons).filter(([, count]) => count > 0);
  return named.length === 0 ? '0' : named.map(([reason, count]) => `${count} ${reason}`).join(', ');
}
