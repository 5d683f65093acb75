import type { KindLedger, Ledger } from '../contracts/ledger.ts';
import type { CustodyHooks, ShutdownReport, StepReport } from '../contracts/lifecycle.ts';
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
    return { reason, steps: [...steps, failed], durationMs, ledger: unobserved() };
  }
}

function unobserved(): Ledger {
  const none: KindLedger = {
    created: 0,
    delivered: 0,
    pending: 0,
    atRisk: 0,
    sampledOut: 0,
    dropped: {},
    lost: {},
    inTransit: 0,
    unobserved: 0,
    unaccounted: 0,
  };
  return { spans: none, llmSpans: none, evaluations: none };
}
