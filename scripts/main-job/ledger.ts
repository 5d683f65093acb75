import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const KINDS = ['spans', 'llmSpans', 'evaluations'] as const;
export type Kind = (typeof KINDS)[number];

/** One kind of signal, as the report states it. */
export interface KindCounts {
  readonly created: number;
  readonly delivered: number;
  readonly pending: number;
  readonly sampledOut: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
  readonly unaccounted: number;
}

export type LedgerCounts = Readonly<Record<Kind, KindCounts>>;

const run = promisify(execFile);

/** What `keepspan ledger` says of a journal; it reads the files, whether or not a process still writes them. */
export async function readLedger(
  executable: string,
  journalDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LedgerCounts> {
  const args = [executable, 'ledger', '--json', '--journal', journalDir];
  const { stdout } = await run(process.execPath, args, { env: { ...env }, timeout: 15_000 }).catch(
    (error: unknown) => {
      // Exit code 1 means findings: the document is there all the same.
      if (
        typeof error === 'object' &&
        error !== null &&
        'stdout' in error &&
        'code' in error &&
        error.code === 1
      ) {
        return { stdout: String(error.stdout) };
      }
      throw error;
    },
  );
  const { ledger } = JSON.parse(stdout) as { ledger: LedgerCounts };
  const counts = (kind: Kind): KindCounts => {
    const { created, delivered, pending, sampledOut, dropped, lost, unaccounted } = ledger[kind];
    return { created, delivered, pending, sampledOut, dropped, lost, unaccounted };
  };
  return { spans: counts('spans'), llmSpans: counts('llmSpans'), evaluations: counts('evaluations') };
}

export function pendingTotal(ledger: LedgerCounts): number {
  return KINDS.reduce((sum, kind) => sum + ledger[kind].pending, 0);
}
