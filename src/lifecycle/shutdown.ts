import type {
  CustodyHooks,
  ManagedStep,
  ResourcePhase,
  ShutdownReport,
  StepReport,
} from '../contracts/lifecycle.ts';
import { announceLimitMs, exitReserveMs, phaseLimitMs } from './budget.ts';
import type { ShutdownBudgets } from './budget.ts';
import { RESOURCE_PHASES } from './registry.ts';
import type { StepRegistry } from './registry.ts';
import { composeReport } from './report.ts';
import { runStep, StepIncomplete } from './steps.ts';
import type { StepSpec } from './steps.ts';

/** What a run of the phases needs. */
export interface ShutdownOptions {
  readonly custody: CustodyHooks;
  readonly registry: StepRegistry;
  readonly budgets: ShutdownBudgets;
  /** How long readiness is false before anything is closed; counts inside the total. */
  readonly drainDelayMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** One run of the phases. */
export interface ShutdownRun {
  /**
   * Runs all phases, strictly in order; the announcement begins before this returns. Resolves when the last phase
   * is over, within the total budget unless the event loop is blocked. Never rejects. To be called once.
   */
  start(): Promise<ShutdownReport>;
  /** The report as it stands: for an exit in the middle of a phase. */
  report(): ShutdownReport;
}

/** What an announcing step gets when it asks for nothing; the phase itself has no budget of its own. */
const ANNOUNCE_STEP_MS = 1_000;

/** What a hook is told to take: a little less than its limit, so that its own answer arrives before the limit does. */
function hookMs(remainingMs: number): number {
  return remainingMs - Math.min(50, remainingMs * 0.05);
}

/** Prepares a run of all phases; its time begins now. */
export function createShutdown(reason: string, options: ShutdownOptions): ShutdownRun {
  const { custody, registry, budgets, now } = options;
  const startedAt = now();
  const phasesMs = budgets.totalMs - exitReserveMs(budgets.totalMs);
  const steps: StepReport[] = [];
  const remainingMs = (): number => Math.max(0, phasesMs - (now() - startedAt));
  const report = (): ShutdownReport => composeReport(reason, steps, now() - startedAt, custody);

  async function record(step: StepSpec, limitMs: number): Promise<void> {
    steps.push(await runStep(step, limitMs, now));
  }

  /** Budgets of later phases; one that has nothing to do reserves nothing. */
  function laterMs(phase: 'flush' | ResourcePhase): number {
    const next = phase === 'flush' ? 'announce' : phase;
    return RESOURCE_PHASES.slice(RESOURCE_PHASES.indexOf(next) + 1)
      .filter((other) => registry.waiting(other).length > 0)
      .reduce((sum, other) => sum + budgets[`${other}Ms`], budgets.finalMs);
  }

  async function closeResources(phase: ResourcePhase, limitMs: number, besides?: StepSpec): Promise<void> {
    const endsAt = now() + limitMs;
    const running = new Set<Promise<void>>();
    const begin = (step: StepSpec & { readonly timeoutMs?: number | undefined }): void => {
      const stepLimitMs = Math.max(0, Math.min(endsAt - now(), step.timeoutMs ?? limitMs));
      const run = record({ ...step, phase }, stepLimitMs).finally(() => running.delete(run));
      running.add(run);
    };
    if (besides !== undefined) begin(besides);
    registry.enter(phase, begin);
    // Steps registered while the phase runs join the set, hence the loop.
    while (running.size > 0) await Promise.all(running);
    registry.leave();
  }

  async function announce(): Promise<void> {
    const waiting = registry.waiting('announce');
    // An empty event loop has nothing that accepts work: nobody needs to notice.
    const drainMs = reason === 'beforeExit' ? 0 : options.drainDelayMs;
    const wantedMs = Math.max(
      budgets.announceMs,
      drainMs,
      ...waiting.map((step) => step.timeoutMs ?? ANNOUNCE_STEP_MS),
    );
    const limitMs = announceLimitMs(remainingMs(), wantedMs);
    const delayMs = Math.min(drainMs, limitMs);
    const delay = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, delayMs));
    // One millisecond more than it waits, so that the delay itself is never reported as a timeout.
    const drain = { phase: 'announce', name: 'drain delay', close: delay, timeoutMs: delayMs + 1 } as const;
    await closeResources('announce', limitMs + 1, drainMs > 0 ? drain : undefined);
  }

  async function flush(phase: 'flush' | 'final', limitMs: number): Promise<void> {
    const close: ManagedStep['close'] = async (deadline) => {
      const { complete, inTransit } = await custody.flush(hookMs(deadline.remainingMs));
      if (!complete) throw new StepIncomplete(`${inTransit} finished signals are not in custody`);
    };
    await record({ phase, name: 'custody', close }, limitMs);
  }

  async function final(): Promise<void> {
    registry.close();
    // Half at most for custody: what is in the journal already shall not lose its delivery to a hanging tracer.
    await flush('final', Math.min(budgets.finalMs, remainingMs() / 2));
    const close: ManagedStep['close'] = (deadline) => custody.deliver(hookMs(deadline.remainingMs));
    await record({ phase: 'final', name: 'delivery', close }, remainingMs());
  }

  async function start(): Promise<ShutdownReport> {
    await announce();
    await flush('flush', limitOf('flush', 0));
    for (const phase of RESOURCE_PHASES.slice(1)) {
      const asked = registry.waiting(phase).map((step) => step.timeoutMs ?? 0);
      await closeResources(phase, limitOf(phase, Math.max(0, ...asked)));
    }
    await final();
    return report();
  }

  function limitOf(phase: 'flush' | ResourcePhase, askedMs: number): number {
    const times = {
      remainingMs: remainingMs(),
      budgetMs: budgets[`${phase}Ms`],
      askedMs,
      laterMs: laterMs(phase),
    };
    return phaseLimitMs(times);
  }

  return { start, report };
}
