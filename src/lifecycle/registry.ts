import type { ManagedStep, ResourcePhase } from '../contracts/lifecycle.ts';

/** The phases in which resources are closed, in their order. */
export const RESOURCE_PHASES = [
  'announce',
  'consumers',
  'producers',
  'pools',
] as const satisfies readonly ResourcePhase[];

/** Bound of the registry; a service has tens of long-lived resources, a leak has thousands. */
export const MAX_STEPS = 1_000;

/** Whether a value names a phase of {@link RESOURCE_PHASES}. */
export function isResourcePhase(value: unknown): value is ResourcePhase {
  return (RESOURCE_PHASES as readonly unknown[]).includes(value);
}

/** What became of a registration. */
export type Registration = 'registered' | 'full' | 'late';

/** The steps that wait for their phase. */
export interface StepRegistry {
  /** Adds a step; while its phase (or a later one) runs, it is started at once. */
  add(step: ManagedStep): Registration;
  remove(step: ManagedStep): void;
  /** The steps waiting for exactly this phase. */
  waiting(phase: ResourcePhase): readonly ManagedStep[];
  /** Starts every waiting step of this phase and of earlier ones, and those added until {@link leave}. */
  enter(phase: ResourcePhase, start: (step: ManagedStep) => void): void;
  leave(): void;
  /** No further phase closes resources. */
  close(): void;
}

/** Creates an empty registry of at most `maxSteps` steps. */
export function createRegistry(maxSteps: number = MAX_STEPS): StepRegistry {
  const steps = new Set<ManagedStep>();
  let current: { readonly index: number; readonly start: (step: ManagedStep) => void } | undefined;
  let closed = false;
  const rank = (phase: ResourcePhase): number => RESOURCE_PHASES.indexOf(phase);

  return {
    add(step) {
      if (closed) return 'late';
      if (current !== undefined && rank(step.phase) <= current.index) {
        current.start(step);
        return 'registered';
      }
      if (steps.size >= maxSteps) return 'full';
      steps.add(step);
      return 'registered';
    },
    remove(step) {
      steps.delete(step);
    },
    waiting: (phase) => [...steps].filter((step) => step.phase === phase),
    enter(phase, start) {
      const index = rank(phase);
      current = { index, start };
      for (const step of steps) {
        if (rank(step.phase) > index) continue;
        steps.delete(step);
        start(step);
      }
    },
    leave() {
      current = undefined;
    },
    close() {
      closed = true;
      current = undefined;
      steps.clear();
    },
  };
}
