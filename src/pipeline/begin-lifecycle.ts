import type { CustodyHooks } from '../contracts/lifecycle.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { adapters } from './adapters.ts';

/**
 * The lifecycle of a session, installed.
 *
 * @param onExit in the 'exit' event; may come twice
 */
export function beginLifecycle(
  settings: Settings,
  custody: CustodyHooks,
  onExit: () => void,
): { readonly lifecycle: Lifecycle; readonly uninstall: () => void } {
  const lifecycle = createLifecycle({
    custody,
    adapters,
    budgets: { totalMs: settings.shutdownTimeoutMs },
    drainDelayMs: settings.drainDelayMs,
    exitCodes: settings.exitCode,
    warn: (code, message) => warnOnce(code, { site: message, detail: message }),
  });
  // Before the lifecycle's listener, so that its record tells the end, and after it: other handlers make signals, too.
  process.on('exit', onExit);
  lifecycle.install();
  process.on('exit', onExit);
  return {
    lifecycle,
    uninstall() {
      process.off('exit', onExit);
      process.off('exit', onExit);
      lifecycle.uninstall();
    },
  };
}
