import type { Phase } from '../contracts/lifecycle.ts';

/** The phases that have a budget, in their order. */
export type BudgetedPhase = Exclude<Phase, 'exit'>;

/** How long each phase may take, in milliseconds. `totalMs` is the upper bound of the whole shutdown. */
export interface ShutdownBudgets extends Readonly<Record<`${BudgetedPhase}Ms`, number>> {
  readonly totalMs: number;
}

/** The defaults; a Kubernetes pod has 30 s before SIGKILL. */
export const DEFAULT_BUDGETS: ShutdownBudgets = {
  totalMs: 25_000,
  announceMs: 0,
  flushMs: 1_000,
  consumersMs: 7_000,
  producersMs: 10_000,
  poolsMs: 2_000,
  finalMs: 5_000,
};

const KEYS = Object.keys(DEFAULT_BUDGETS) as (keyof ShutdownBudgets)[];

/** Defaults where nothing, or nothing usable (not finite, negative), was given. */
export function completeBudgets(given: Partial<ShutdownBudgets> = {}): ShutdownBudgets {
  const complete: Record<keyof ShutdownBudgets, number> = { ...DEFAULT_BUDGETS };
  for (const key of KEYS) {
    const value = given[key];
    if (value !== undefined && Number.isFinite(value) && value >= 0) complete[key] = value;
  }
  return complete;
}

/** Kept back from the phases for the record and the exit itself: 2 % of the total, at most 100 ms. */
export function exitReserveMs(totalMs: number): number {
  return Math.min(100, totalMs * 0.02);
}

/** What the limit of a phase depends on. All in milliseconds. */
export interface PhaseTimes {
  /** Left of the total. */
  readonly remainingMs: number;
  /** Budget of this phase. */
  readonly budgetMs: number;
  /** The longest `timeoutMs` asked for by a step of this phase; 0 when none did. */
  readonly askedMs: number;
  /** Sum of the budgets of the later phases that have something to do. */
  readonly laterMs: number;
}

/**
 * How long a phase may take. With R left, b its budget, a what its steps ask for and L the budgets of later
 * phases:
 *
 * - R >= b + L (in time): `min(max(a, b), R - L)`: its budget, more when a step asks and there is spare time;
 * - R < b + L (an earlier phase or the drain delay overran, or the total is short): `R * b / (b + L)`, so every
 *   later phase keeps the same proportion of its own budget.
 *
 * Both agree where they meet, and the sum over all phases never exceeds R.
 */
export function phaseLimitMs({ remainingMs, budgetMs, askedMs, laterMs }: PhaseTimes): number {
  const left = Math.max(0, remainingMs);
  const due = budgetMs + laterMs;
  if (left >= due) return Math.min(Math.max(askedMs, budgetMs), left - laterMs);
  return (left * budgetMs) / due;
}

/** How long the announcement may take: what the drain delay and its steps ask for, at most half of what is left. */
export function announceLimitMs(remainingMs: number, wantedMs: number): number {
  return Math.min(wantedMs, Math.max(0, remainingMs) / 2);
}
