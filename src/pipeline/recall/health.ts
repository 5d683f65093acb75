import type { Drift } from '../../evaluation/calibration/drift.ts';
import type { RecallSummary } from '../../evaluation/recall/summary.ts';

/** What hybrid recall did in this process, as `health()` has it. */
export interface RecallHealth extends RecallSummary {
  /** Without a verdict yet. */
  readonly waiting: number;
  /** Whether more of what passes is incomplete than `KEEPSPAN_RECALL_MAX_FALSE_PASS`, by the last 400 audits. */
  readonly drift: Drift;
}
