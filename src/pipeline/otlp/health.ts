import type { AlertStatus } from '../../alerts/evaluator.ts';
import type { UpstreamState } from '../../contracts/delivery.ts';
import type { Ledger } from '../../contracts/ledger.ts';
import { warningCounts } from '../../selfmetrics/warnings.ts';
import { judgeHealth } from '../health-reasons.ts';
import type { Health } from '../session-types.ts';
import type { OtlpCustody } from './custody.ts';
import type { OtlpStack } from './stack.ts';

export interface OtlpHealthParts {
  readonly custody: OtlpCustody;
  readonly stack: OtlpStack;
  readonly ledger: Ledger;
  readonly upstream: readonly UpstreamState[];
  readonly alerts: readonly AlertStatus[];
}

/** How stack `otlp` stands, with every reason why it is not as promised. */
export function describeOtlpHealth({ custody, stack, ledger, upstream, alerts }: OtlpHealthParts): Health {
  const degraded: string[] = [];
  const failing: string[] = [];
  const why = stack.degraded();
  if (why !== undefined) degraded.push(why);
  for (const { name, directory, onDisk, delivery } of custody.endpoints) {
    if (directory === undefined) degraded.push(`${name}: no journal directory: spans wait in bounded memory`);
    else if (!onDisk) failing.push(`${name}: the disk refuses the journal: spans wait in bounded memory`);
    if (delivery === 'down') failing.push(`${name}: the delivery thread has died: spans wait in the journal`);
  }
  const [first] = custody.endpoints;
  return {
    ...judgeHealth({ degraded, failing, upstream, ledger }),
    custody: 'full',
    journal: {
      directory: first?.directory,
      lifetime: first?.lifetime ?? 'memory',
      onDisk: custody.endpoints.every(({ onDisk }) => onDisk),
    },
    upstream,
    delivery: custody.endpoints.every(({ delivery }) => delivery === 'up') ? 'up' : 'down',
    alerts: alerts.filter(({ state }) => state !== 'quiet'),
    warnings: warningCounts(),
  };
}
