import type { CheckOutcome } from '../contracts/check.ts';
import type { Ledger } from '../contracts/ledger.ts';
import type { Arrivals } from './arrivals.ts';
import type { LogLine } from './log-lines.ts';
import type { ProbeEvent } from './probe/events.ts';
import type { RequestOutcome } from './request.ts';
import type { ServiceExit } from './service.ts';

/** The service at work: requests, probes, and what arrived of them. */
export interface SteadyEvidence {
  readonly answers: readonly RequestOutcome[];
  /** The user drove the service; what was sent is not known. */
  readonly driven: boolean;
  readonly arrivals: Arrivals;
  readonly log: readonly LogLine[];
  /** From the first request to the first span of it; undefined: none came within the limit. */
  readonly firstTraceMs: number | undefined;
  /** How long it was looked at. */
  readonly durationMs: number;
  /** Path that answered health probes, and how many were sent; undefined: none does. */
  readonly health: { readonly path: string; readonly probes: number } | undefined;
  /** Origin of the workbench's page and API. */
  readonly workbenchUrl: string;
}

/** The service, interrupted while it worked. */
export interface InterruptionEvidence {
  readonly arrivals: Arrivals;
  readonly exit: ServiceExit;
  /** Rounds of requests that were under way when the signal was sent. */
  readonly underWay: number;
  /** The records of both lives, from the journal; undefined: there is none. */
  readonly ledger: Ledger | undefined;
  readonly log: readonly LogLine[];
  readonly events: readonly ProbeEvent[];
  /** After a kill: the next process on the same journal had delivered all that was left. */
  readonly replayed: boolean;
}

/** The service once more, with something taken away. */
export interface DegradedEvidence {
  /** Why it did not come up; undefined: it did. */
  readonly failure: { readonly message: string; readonly output: readonly string[] } | undefined;
  readonly answers: readonly RequestOutcome[];
  readonly arrivals: Arrivals;
  readonly log: readonly LogLine[];
}

export type Stage = 'steady' | 'shutdown' | 'kill' | 'off' | 'bare';

/** What the runs of the service have shown; a stage that was not run is absent. */
export interface VerifyContext {
  readonly steady?: SteadyEvidence | undefined;
  readonly shutdown?: InterruptionEvidence | undefined;
  readonly kill?: InterruptionEvidence | undefined;
  readonly off?: DegradedEvidence | undefined;
  readonly bare?: DegradedEvidence | undefined;
  /** Asks the workbench; resolves with status and body. */
  readonly ask: (url: string) => Promise<{ readonly status: number; readonly body: string }>;
}

/** One line of the checklist, with the checks that answered it. */
export interface LineOutcome {
  readonly group: string;
  readonly line: string;
  readonly status: CheckOutcome['status'];
  readonly checks: readonly CheckOutcome[];
}
