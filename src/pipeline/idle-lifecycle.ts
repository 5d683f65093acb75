import type { CustodyHooks } from '../contracts/lifecycle.ts';
import { EMPTY_LEDGER } from '../kernel/empty-ledger.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/lifecycle.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { adapters } from './adapters.ts';

/**
 * The lifecycle while nothing is switched on: it closes in order what was registered when `shutdown()` is called, and
 * listens to no signal (law L10). What it knows goes to the lifecycle of a session that starts later.
 */
export interface IdleLifecycle extends Pick<Lifecycle, 'manage' | 'onShutdown' | 'shutdown'> {
  handOver(lifecycle: Lifecycle): void;
}

/** As many as a lifecycle takes; the one below warns about more. */
const MAX_REMEMBERED = 1000;

export function createIdleLifecycle(): IdleLifecycle {
  const idle = createLifecycle({
    custody: NO_CUSTODY,
    adapters,
    warn: (code, message) => warnOnce(code, { site: message, detail: message }),
  });
  const remembered = new Set<(lifecycle: Lifecycle) => void>();
  const remember = (registration: (lifecycle: Lifecycle) => void): void => {
    if (remembered.size < MAX_REMEMBERED) remembered.add(registration);
  };
  return {
    manage(resource, options) {
      remember((lifecycle) => void lifecycle.manage(resource, options));
      return idle.manage(resource, options);
    },
    onShutdown(...step) {
      const removals = [idle.onShutdown(...step)];
      const registration = (lifecycle: Lifecycle): void => void removals.push(lifecycle.onShutdown(...step));
      remember(registration);
      return () => {
        remembered.delete(registration);
        for (const remove of removals) remove();
      };
    },
    shutdown: (reason) => idle.shutdown(reason),
    handOver(lifecycle) {
      idle.uninstall();
      for (const register of remembered) register(lifecycle);
      remembered.clear();
    },
  };
}

const NO_CUSTODY: CustodyHooks = {
  flush: () => Promise.resolve({ complete: true, inTransit: 0, pending: 0, durationMs: 0 }),
  drainSync: () => undefined,
  deliver: () => Promise.resolve(),
  ledger: () => EMPTY_LEDGER,
  recordShutdown: () => undefined,
};
