import type { CustodyHooks, FlushReport } from '../contracts/lifecycle.ts';
import { EMPTY_LEDGER } from '../kernel/empty-ledger.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { createLifecycle } from '../lifecycle/lifecycle.ts';
import { adapters } from './adapters.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

/** A flush where nothing is switched on: nothing was made, nothing is pending. */
export const NOTHING_TO_FLUSH: FlushReport = { complete: true, inTransit: 0, pending: 0, durationMs: 0 };

let lifecycle: Lifecycle | undefined;

/**
 * The lifecycle while nothing is switched on: it knows what was registered, so that `shutdown()` closes it in order,
 * and installs no listener (law L10).
 */
export function idleLifecycle(): Lifecycle {
  lifecycle ??= createLifecycle({
    custody: NO_CUSTODY,
    adapters,
    warn: (code, message) => warnOnce(code, { site: message, detail: message }),
  });
  return lifecycle;
}

const NO_CUSTODY: CustodyHooks = {
  flush: () => Promise.resolve(NOTHING_TO_FLUSH),
  drainSync: () => undefined,
  deliver: () => Promise.resolve(),
  ledger: () => EMPTY_LEDGER,
  recordShutdown: () => undefined,
};
