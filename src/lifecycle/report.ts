import type { CustodyHooks, ShutdownReport, StepReport } from '../contracts/lifecycle.ts';
import { EMPTY_LEDGER } from '../kernel/empty-ledger.ts';
import { errorText } from './steps.ts';

/** The report of a shutdown. Should the ledger not answer, a failed step says so beside the zeros. */
export function composeReport(
  reason: string,
  steps: readonly StepReport[],
  durationMs: number,
  custody: Pick<CustodyHooks, 'ledger'>,
): ShutdownReport {
  try {
    return { reason, steps: [...steps], durationMs, ledger: custody.ledger() };
  } catch (error) {
    const failed: StepReport = {
      phase: 'exit',
      name: 'ledger',
      outcome: 'failed',
      durationMs: 0,
      error: errorText(error),
    };
    return { reason, steps: [...steps, failed], durationMs, ledger: EMPTY_LEDGER };
  }
}
