/** Why a verdict is what it is. `protected:*` stands before every rule. */
export type VerdictReason =
  | 'protected:llm'
  | 'protected:error'
  | 'protected:evaluated'
  | 'protected:manual'
  | 'protected:messages'
  /** The first matching rule decided. */
  | 'rule'
  /** No rule matches. */
  | 'default'
  /** An earlier part of the trace was decided; this part follows. */
  | 'remembered'
  /** Its root is not here and nothing is remembered: nobody can say what the trace is. */
  | 'undecided';

/** The decision on one trace. */
export interface Verdict {
  readonly keep: boolean;
  /** The probability with which such a trace is kept: what counts are rescaled by. 1 where no rate was applied. */
  readonly rate: number;
  readonly reason: VerdictReason;
  /** Name of the rule that decided, or that would have without the protection `protected:messages`. */
  readonly rule?: string;
}

/** The local root of a trace, as far as rules look at it. */
export interface RootFacts {
  readonly name: string;
  readonly resource: string;
  readonly service: string;
  /** A tag or a numeric tag; undefined when absent. */
  tag(key: string): string | number | undefined;
}

/** What is known of a local trace, or of the part of one that the tracer released. */
export interface TraceFacts {
  /** The low 64 bits of the trace id: what tracers of all languages decide by. */
  readonly traceId: bigint;
  /** Undefined when the local root is not in this part. */
  readonly root: RootFacts | undefined;
  /** It holds an LLM span, or belongs to an LLM trace that began in another process. */
  readonly llm: boolean;
  readonly error: boolean;
  /** Somebody asked for it by hand, here or upstream. */
  readonly manualKeep: boolean;
  /** Whether one of its spans is among `spanIds`. */
  hasSpan(spanIds: ReadonlySet<bigint>): boolean;
}

/**
 * Decides on a trace. Never throws.
 *
 * @param again the same part was decided before (a part of a refused record): it is not counted once more
 */
export type Judge = (facts: TraceFacts, again?: boolean) => Verdict;

/** What one rule saw. Traces; `protected` ones matched no rule, or matched it without effect. */
export interface RuleCounts {
  readonly rule: string;
  readonly seen: number;
  readonly kept: number;
}

/** What a policy did in one process. */
export interface NoiseCounts {
  /** Traces that a rule decided on. */
  readonly seen: number;
  readonly kept: number;
  readonly rules: readonly RuleCounts[];
  /** Traces that were protected, by reason. */
  readonly protected: Readonly<Record<string, number>>;
  /** Parts of traces whose root was not known when they had to be decided: kept. */
  readonly undecided: number;
  /** Hit statistics of all traces, sampled out or not; absent where the Agent or the tracer makes them. */
  readonly statistics?: StatisticsCounts;
}

/** What became of the hit statistics. Spans, each counted once when its record was resolved. */
export interface StatisticsCounts {
  readonly counted: number;
  /** Acknowledged by the Agent. */
  readonly reported: number;
  /** Reported again although the Agent may have had them: the answer to a whole request did not come. */
  readonly maybeTwice: number;
  /** Refused by the Agent, pushed out while it was away, or gone with the thread that counted. */
  readonly lost: number;
}
