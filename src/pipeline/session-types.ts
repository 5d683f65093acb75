import type { AlertStatus } from '../alerts/evaluator.ts';
import type { Ledger } from '../contracts/ledger.ts';
import type { FlushReport } from '../contracts/lifecycle.ts';
import type { EvaluationInput } from '../contracts/evaluation.ts';
import type { UpstreamState } from '../contracts/delivery.ts';
import type { NoiseCounts } from '../contracts/sampling.ts';
import type { Sample } from '../selfmetrics/metrics.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { CustodyPart } from './otlp/part.ts';
import type { RecallSlot } from './recall/attach.ts';
import type { RecallHealth } from './recall/health.ts';
import type { StartFindings } from './start-checks.ts';

/** How things stand: `ok`, `degraded` (works, but not as promised), `failing` (signals wait or are lost). */
export interface Health {
  readonly status: 'disabled' | 'ok' | 'degraded' | 'failing';
  /** Why it is not `ok`, each with a code where there is one. */
  readonly reasons: readonly string[];
  readonly custody: string;
  readonly journal: {
    readonly directory: string | undefined;
    readonly lifetime: string;
    readonly onDisk: boolean;
  };
  readonly upstream: readonly UpstreamState[];
  /** Who delivers: a thread of this process that is up or down, or somebody beside it. */
  readonly delivery: 'none' | 'up' | 'down';
  /** What was found at start; undefined when nothing is switched on. */
  readonly start?: StartFindings;
  /** What the sampling policy did, as far as delivery has come; undefined where it happens elsewhere, or not at all. */
  readonly noise?: NoiseCounts | undefined;
  /** What hybrid recall did in this process. Undefined while nobody has used it. */
  readonly evaluation?: RecallHealth | undefined;
  /** Alerts that fire, or will when their condition lasts. */
  readonly alerts: readonly AlertStatus[];
  /** How often each `KS-…` code was given. */
  readonly warnings: Readonly<Record<string, number>>;
}

/** What is switched on in this thread. */
export interface Session {
  readonly lifecycle: Lifecycle;
  /** @param api the public function that was called, for the call site in warnings */
  submitEvaluation(input: EvaluationInput, api: (...args: never[]) => unknown): boolean;
  flush(timeoutMs: number): Promise<FlushReport>;
  ledger(): Ledger;
  health(): Health;
  /** Every metric of our own, now. */
  metrics(): readonly Sample[];
  /** Takes custody along that began beside it: into its ledger, its shutdown, its exit handlers. */
  join(part: CustodyPart): void;
  /**
   * Set while only a span processor of the application has switched it on: a session that is asked for by name takes
   * its place. It gives its custody over, and its listeners up.
   */
  readonly yieldTo?: ((next: Session) => void) | undefined;
  /** Hybrid recall; undefined on stacks that do not evaluate. */
  readonly recall?: RecallSlot;
  /** Takes everything back: seams, listeners, timers, the worker. For tests and embedders. */
  stop(): Promise<void>;
}
