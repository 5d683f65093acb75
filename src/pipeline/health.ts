import type { AlertStatus } from '../alerts/evaluator.ts';
import type { UpstreamState } from '../contracts/delivery.ts';
import type { NoiseCounts } from '../contracts/sampling.ts';
import type { Ledger } from '../contracts/ledger.ts';
import type { GuardedJournal } from '../journal/guarded.ts';
import type { JournalLifetime } from '../journal/lifetime.ts';
import { warningCounts } from '../selfmetrics/warnings.ts';
import { judgeHealth } from './health-reasons.ts';
import type { Health } from './session-types.ts';
import type { StartFindings } from './start-checks.ts';
import type { Stack } from './start-stack.ts';

export interface HealthParts {
  readonly stack: Stack;
  readonly journal: GuardedJournal;
  readonly directory: string | undefined;
  readonly lifetime: JournalLifetime;
  readonly upstream: readonly UpstreamState[];
  readonly noise: NoiseCounts | undefined;
  readonly ledger: Ledger;
  readonly delivery: Health['delivery'];
  /** Whether somebody beside this process does; undefined where nobody has to, or it is not known yet. */
  readonly isDelivered: boolean | undefined;
  readonly findings: StartFindings;
  readonly evaluation: Health['evaluation'];
  readonly alerts: readonly AlertStatus[];
}

/** How things stand, with every reason why they are not as promised. */
export function describeHealth(parts: HealthParts): Health {
  const {
    stack,
    journal,
    directory,
    lifetime,
    upstream,
    noise,
    ledger,
    delivery,
    isDelivered,
    findings,
    evaluation,
    alerts,
  } = parts;
  const degraded: string[] = [];
  const failing: string[] = [];
  if (stack.degraded !== undefined) degraded.push(stack.degraded);
  if (directory === undefined) degraded.push('no journal directory: signals wait in bounded memory');
  else if (!journal.onDisk) failing.push('the disk refuses the journal: signals wait in bounded memory');
  if (delivery === 'down') failing.push('the delivery thread has died: signals wait in the journal');
  if (isDelivered === false) failing.push('nobody delivers the journal: KS-DELIVERY-006');
  if (!findings.tracerFirst) degraded.push(`loaded before the tracer: ${findings.loadedBefore.join(', ')}`);
  return {
    ...judgeHealth({ degraded, failing, upstream, ledger }),
    custody: stack.custodyLevel,
    journal: { directory, lifetime, onDisk: journal.onDisk },
    upstream,
    delivery,
    start: findings,
    ...(noise === undefined ? {} : { noise }),
    ...(evaluation === undefined ? {} : { evaluation }),
    alerts: alerts.filter(({ state }) => state !== 'quiet'),
    warnings: warningCounts(),
  };
}
