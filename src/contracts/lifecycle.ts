import type { Ledger } from './ledger.ts';

/** The phases of a shutdown in which resources are closed, in their order. */
export type ResourcePhase = 'announce' | 'consumers' | 'producers' | 'pools';

/** All phases of a shutdown, strictly in this order. */
export type Phase = 'announce' | 'flush' | 'consumers' | 'producers' | 'pools' | 'final' | 'exit';

/** How one resource or step ended. Nothing is thrown: an outcome is a value. */
export interface StepReport {
  readonly phase: Phase;
  readonly name: string;
  readonly outcome: 'ok' | 'failed' | 'timeout';
  readonly durationMs: number;
  /** Message of the error, when it failed. */
  readonly error?: string;
}

/** The outcome of a flush: how much reached custody, proved by independent counts. */
export interface FlushReport {
  /** True when everything finished so far is in custody. */
  readonly complete: boolean;
  /** Signals finished but not in custody when the flush ended. */
  readonly inTransit: number;
  /** Signals in custody that the next hop has not acknowledged. */
  readonly pending: number;
  readonly durationMs: number;
}

export interface ShutdownReport {
  /** `SIGTERM`, `SIGINT`, `beforeExit`, `exit`, or what the caller of `shutdown(reason)` said. */
  readonly reason: string;
  readonly steps: readonly StepReport[];
  readonly durationMs: number;
  readonly ledger: Ledger;
}

/** One step of the shutdown that the application registers. It may throw or hang; the next step runs all the same. */
export interface ManagedStep {
  readonly phase: ResourcePhase;
  readonly name: string;
  readonly close: (deadline: { readonly remainingMs: number; readonly signal: AbortSignal }) => unknown;
  readonly timeoutMs?: number | undefined;
}

/** How a recognised resource is closed. */
export interface RecognisedResource extends Pick<ManagedStep, 'phase' | 'name' | 'close'> {
  /**
   * Begins to observe the resource once it is managed, for what can only be known from the start (an HTTP
   * server cannot name its requests in flight afterwards). Returns the uninstaller.
   */
  readonly watch?: (() => () => void) | undefined;
  /**
   * A second step, in a later phase: what has to stop early and to stay usable (a RabbitMQ channel stops consuming
   * with the consumers and closes with the producers). Run after `close`, also when that failed.
   */
  readonly afterwards?: Pick<ManagedStep, 'phase' | 'name' | 'close'> | undefined;
}

/** A bridge recognises a resource and says how it closes, or returns undefined. Pure: it never touches the resource. */
export type ResourceAdapter = (resource: unknown) => RecognisedResource | undefined;

/**
 * What the lifecycle needs from the rest of the house. None of these may throw; all are safe to call
 * at any time and any number of times.
 */
export interface CustodyHooks {
  /** Asks tracers to release what they hold and waits, at most `timeoutMs`, for proof of custody. */
  flush(timeoutMs: number): Promise<FlushReport>;
  /** Synchronous custody for 'exit' handlers: milliseconds, no event loop. */
  drainSync(): void;
  /**
   * Waits until nothing is pending, until `timeoutMs`, or until delivery makes no progress and waiting
   * has no point because the journal outlives the process.
   */
  deliver(timeoutMs: number): Promise<void>;
  /** The ledger as it stands. */
  ledger(): Ledger;
  /** Writes the record `observability_shutdown`; synchronous, at most once. */
  recordShutdown(report: ShutdownReport): void;
}
