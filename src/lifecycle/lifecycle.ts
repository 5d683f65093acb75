import { isMainThread } from 'node:worker_threads';
import type {
  CustodyHooks,
  ManagedStep,
  RecognisedResource,
  ResourceAdapter,
  ResourcePhase,
  ShutdownReport,
} from '../contracts/lifecycle.ts';
import { completeBudgets } from './budget.ts';
import type { ShutdownBudgets } from './budget.ts';
import { closableAdapter } from './closable.ts';
import { warningText } from './codes.ts';
import type { LifecycleCode } from './codes.ts';
import { createExits } from './exits.ts';
import type { ExitCodes, ProcessLike } from './exits.ts';
import { membersOf, stepsOf } from './managed.ts';
import { createRegistry, isResourcePhase } from './registry.ts';
import { composeReport } from './report.ts';
import { createShutdown } from './shutdown.ts';
import type { ShutdownRun } from './shutdown.ts';
import { errorText } from './steps.ts';

/** What a lifecycle is made of. */
export interface LifecycleOptions {
  readonly custody: CustodyHooks;
  /** Asked in order; the generic recognition of {@link closableAdapter} comes last by itself. */
  readonly adapters: readonly ResourceAdapter[];
  /** Milliseconds; what is absent has its default. */
  readonly budgets?: Partial<ShutdownBudgets> | undefined;
  /** How long readiness is false before anything closes, in milliseconds. Counts inside the total. Default 0. */
  readonly drainDelayMs?: number | undefined;
  /** Default `zero`. */
  readonly exitCodes?: ExitCodes | undefined;
  /** Receives the warnings; must not throw. */
  readonly warn: (code: LifecycleCode, message: string) => void;
  /** Default `process`. */
  readonly process?: ProcessLike | undefined;
  /** Monotonic milliseconds. Default `performance.now`. */
  readonly now?: (() => number) | undefined;
  /** Default: this thread's. */
  readonly isMainThread?: boolean | undefined;
}

/** Options of {@link Lifecycle.manage}. */
export interface ManageOptions {
  /** Overrides the phase that was recognised. */
  readonly phase?: ResourcePhase | undefined;
  /** How the resource is called in the shutdown report. */
  readonly name?: string | undefined;
}

/**
 * Graceful shutdown. Safe before {@link Lifecycle.install} and after {@link Lifecycle.uninstall}; nothing here
 * throws or rejects (law L6), the shutdown ends inside its total budget (law L8).
 */
export interface Lifecycle {
  /**
   * Registers a resource to be closed in its phase, once, and returns it; of an array or a plain object, each
   * resource in it.
   */
  manage<T>(resource: T, options?: ManageOptions): T;
  /** Registers a step; returns what removes it again. `timeoutMs` may exceed the phase's budget while time is spare. */
  onShutdown(
    phase: ResourcePhase,
    name: string,
    fn: ManagedStep['close'],
    options?: { readonly timeoutMs?: number | undefined },
  ): () => void;
  /** Runs all phases once; concurrent and later callers get the same promise. Does not exit. */
  shutdown(reason?: string): Promise<ShutdownReport>;
  /** Listens to SIGTERM, SIGINT, 'beforeExit' and 'exit'. */
  install(): void;
  /** Removes every listener, also those on managed resources. */
  uninstall(): void;
  /** False from the moment a shutdown begins: what a readiness probe answers. */
  isReady(): boolean;
}

/** Creates the lifecycle of this process, or of this worker thread. It installs nothing by itself. */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { custody } = options;
  const now = options.now ?? (() => performance.now());
  const budgets = completeBudgets(options.budgets);
  const registry = createRegistry();
  const adapters = [...options.adapters, closableAdapter];
  const known = new WeakSet<object>();
  const unwatch = new Set<() => void>();
  let run: ShutdownRun | undefined;
  let outcome: Promise<ShutdownReport> | undefined;
  let isRecorded = false;

  const warn = (code: LifecycleCode, subject: string): void => options.warn(code, warningText(code, subject));

  /** Hooks must not throw; should one, the shutdown goes on and says so. */
  function guarded(what: string, fn: () => void): void {
    try {
      fn();
    } catch (error) {
      warn('KS-LIFECYCLE-005', `${what}: ${errorText(error)}`);
    }
  }

  function recordOnce(report: () => ShutdownReport): void {
    if (isRecorded) return;
    isRecorded = true;
    guarded('recordShutdown', () => custody.recordShutdown(report()));
  }

  function shutdown(reason = 'shutdown'): Promise<ShutdownReport> {
    if (outcome !== undefined) return outcome;
    const { promise, resolve } = Promise.withResolvers<ShutdownReport>();
    // Both are set before the first step starts: it may ask isReady() or call shutdown() itself.
    outcome = promise;
    run = createShutdown(reason, {
      custody,
      registry,
      budgets,
      drainDelayMs: options.drainDelayMs ?? 0,
      now,
    });
    void run.start().then((report) => {
      recordOnce(() => report);
      resolve(report);
    });
    return outcome;
  }

  function register(step: ManagedStep): boolean {
    const registration = registry.add(step);
    if (registration === 'full') warn('KS-LIFECYCLE-003', step.name);
    if (registration === 'late') warn('KS-LIFECYCLE-002', step.name);
    return registration === 'registered';
  }

  function recognise(resource: unknown): RecognisedResource | undefined {
    for (const adapter of adapters) {
      try {
        const recognised = adapter(resource);
        if (recognised !== undefined) return recognised;
      } catch (error) {
        // A getter or Proxy of the resource threw: to this adapter it is a stranger.
        warn('KS-LIFECYCLE-004', `a resource could not be inspected: ${errorText(error)}`);
      }
    }
    return undefined;
  }

  function manage<T>(resource: T, { phase, name }: ManageOptions = {}): T {
    const isObject = (typeof resource === 'object' && resource !== null) || typeof resource === 'function';
    if (isObject) {
      if (known.has(resource)) return resource;
      known.add(resource);
    }
    const recognised = isObject ? recognise(resource) : undefined;
    if (recognised === undefined) {
      const members = isObject ? membersOf(resource) : [];
      if (!members.some(([, member]) => recognise(member) !== undefined))
        warn('KS-LIFECYCLE-001', name ?? describe(resource));
      else
        for (const [key, member] of members)
          manage(member, { phase, name: name === undefined ? undefined : `${name} ${key}` });
      return resource;
    }
    if (phase !== undefined && !isResourcePhase(phase)) warn('KS-LIFECYCLE-004', `phase ${String(phase)}`);
    const steps = stepsOf(recognised, { name, phase: isResourcePhase(phase) ? phase : undefined });
    // In order, until one is refused: no second step without the first.
    const isRegistered = steps.every((step) => register(step));
    if (isRegistered && recognised.watch !== undefined) unwatch.add(recognised.watch());
    return resource;
  }

  const exits = createExits({
    process: options.process ?? process,
    isMainThread: options.isMainThread ?? isMainThread,
    exitCodes: options.exitCodes ?? 'zero',
    totalMs: budgets.totalMs,
    now,
    shutdown,
    drain: () => guarded('drainSync', () => custody.drainSync()),
    lastWords: () => {
      guarded('drainSync', () => custody.drainSync());
      recordOnce(() => run?.report() ?? composeReport('exit', [], 0, custody));
    },
  });

  return {
    manage,
    onShutdown(phase, name, fn, { timeoutMs } = {}) {
      const isTimeout = timeoutMs === undefined || (Number.isFinite(timeoutMs) && timeoutMs >= 0);
      if (!isResourcePhase(phase) || typeof fn !== 'function' || !isTimeout) {
        warn('KS-LIFECYCLE-004', `onShutdown ${String(phase)} ${String(name)}`);
        return () => undefined;
      }
      const step: ManagedStep = { phase, name, close: fn, timeoutMs };
      register(step);
      return () => registry.remove(step);
    },
    shutdown,
    install: () => exits.install(),
    uninstall() {
      exits.uninstall();
      for (const stop of unwatch) stop();
      unwatch.clear();
    },
    isReady: () => run === undefined,
  };
}

function describe(resource: unknown): string {
  if (resource === null || (typeof resource !== 'object' && typeof resource !== 'function'))
    return String(resource);
  try {
    return resource.constructor?.name || typeof resource;
  } catch {
    // A Proxy that refuses: its type is all there is to say.
    return typeof resource;
  }
}
