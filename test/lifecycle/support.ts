import { EventEmitter } from 'node:events';
import type { CustodyHooks, ShutdownReport } from '../../src/contracts/lifecycle.ts';
import { EMPTY_LEDGER } from '../../src/kernel/empty-ledger.ts';
import { createLifecycle } from '../../src/lifecycle/lifecycle.ts';
import type { Lifecycle, LifecycleOptions } from '../../src/lifecycle/lifecycle.ts';
import type { ProcessLike } from '../../src/lifecycle/exits.ts';

export const LEDGER = EMPTY_LEDGER;

/** A process that can be signalled without being one. */
export class FakeProcess extends EventEmitter {
  exitCode: number | undefined = undefined;
  readonly exits: (number | undefined)[] = [];
  exit(code?: number): void {
    this.exits.push(code);
  }
  counts(): Record<string, number> {
    return Object.fromEntries(
      ['SIGTERM', 'SIGINT', 'beforeExit', 'exit', 'uncaughtException', 'unhandledRejection'].map((name) => [
        name,
        this.listenerCount(name),
      ]),
    );
  }
}

export interface Bench {
  readonly lifecycle: Lifecycle;
  /** What happened, in order. */
  readonly events: string[];
  readonly warnings: string[];
  readonly reports: ShutdownReport[];
  readonly process: FakeProcess;
}

/** A lifecycle over recording hooks. */
export function bench(options: Partial<LifecycleOptions> = {}, hooks: Partial<CustodyHooks> = {}): Bench {
  const events: string[] = [];
  const warnings: string[] = [];
  const reports: ShutdownReport[] = [];
  const process = new FakeProcess();
  const custody: CustodyHooks = {
    flush: async () => {
      events.push('flush');
      return { complete: true, inTransit: 0, pending: 0, durationMs: 0 };
    },
    drainSync: () => void events.push('drain'),
    deliver: async () => void events.push('deliver'),
    ledger: () => LEDGER,
    recordShutdown: (report) => {
      events.push('record');
      reports.push(report);
    },
    ...hooks,
  };
  const lifecycle = createLifecycle({
    custody,
    adapters: [],
    warn: (code) => void warnings.push(code),
    process: process as unknown as ProcessLike,
    isMainThread: true,
    ...options,
  });
  return { lifecycle, events, warnings, reports, process };
}

/** Lets promise chains settle; no timer runs meanwhile. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
