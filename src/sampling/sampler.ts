import type { Judge, NoiseCounts, TraceFacts, Verdict, VerdictReason } from '../contracts/sampling.ts';
import { systemClock, type Clock } from '../kernel/clock.ts';
import { type CompiledRule, compileRule } from './compile-rule.ts';
import { hasMessages } from './noise.ts';
import type { Policy } from './policy.ts';
import { createRateTest } from './trace-hash.ts';
import { TraceMemory } from './trace-memory.ts';

/** Traces whose verdict is remembered at least; twice as many at most. */
const REMEMBERED_TRACES = 20_000;

/** Ids of evaluated spans that are remembered at least. */
const REMEMBERED_EVALUATIONS = 20_000;

export interface SamplerOptions {
  readonly policy: Policy;
  readonly clock?: Clock;
  readonly maxTraces?: number;
  readonly maxEvaluations?: number;
}

/** Decides on traces by one policy, and counts. */
export interface Sampler {
  readonly judge: Judge;
  /** An evaluation was submitted for this span: its trace is protected from here on. */
  readonly noteEvaluated: (spanId: bigint) => void;
  readonly counts: () => NoiseCounts;
}

interface Decider extends CompiledRule {
  readonly passes: (traceId: bigint) => boolean;
  readonly allows: () => boolean;
  readonly kept: Verdict;
  readonly dropped: Verdict;
  /** For parts that come later. */
  readonly droppedBefore: Verdict;
  readonly spared: Verdict;
  seenTraces: number;
  keptTraces: number;
}

const protectedBy = (reason: VerdictReason): Verdict => ({ keep: true, rate: 1, reason });
const LLM = protectedBy('protected:llm');
const ERROR = protectedBy('protected:error');
const EVALUATED = protectedBy('protected:evaluated');
const MANUAL = protectedBy('protected:manual');
const DEFAULT: Verdict = { keep: true, rate: 1, reason: 'default' };
const UNDECIDED: Verdict = { keep: true, rate: 1, reason: 'undecided' };
const KEPT_BEFORE: Verdict = { keep: true, rate: 1, reason: 'remembered' };

/**
 * Protected first, then what is remembered of the same trace, then the first matching rule, then keep (law L9).
 * Only what a later part must follow is remembered: what was dropped, and what was kept without its root.
 */
export function createSampler(options: SamplerOptions): Sampler {
  const {
    policy,
    clock = systemClock,
    maxTraces = REMEMBERED_TRACES,
    maxEvaluations = REMEMBERED_EVALUATIONS,
  } = options;
  const deciders = policy.rules.map((rule) => createDecider(compileRule(rule), clock));
  const remembered = new TraceMemory<Verdict>(maxTraces);
  const evaluated = new EvaluatedSpans(maxEvaluations);
  const protectedCounts: Record<string, number> = {};
  let undecided = 0;

  function protection(facts: TraceFacts): Verdict | undefined {
    if (facts.llm) return LLM;
    if (facts.error) return ERROR;
    if (facts.manualKeep) return MANUAL;
    return evaluated.touches(facts) ? EVALUATED : undefined;
  }

  function countProtected(verdict: Verdict): Verdict {
    protectedCounts[verdict.reason] = (protectedCounts[verdict.reason] ?? 0) + 1;
    return verdict;
  }

  function byRule(facts: TraceFacts, again: boolean): Verdict {
    const { root, traceId } = facts;
    if (root === undefined) {
      // Later parts, its root among them, must not be dropped now that this part is kept.
      remembered.set(traceId, KEPT_BEFORE);
      if (!again) undecided += 1;
      return UNDECIDED;
    }
    const decider = deciders.find(({ matches }) => matches(root));
    if (decider === undefined) return DEFAULT;
    if (decider.sparesMessages && hasMessages(root))
      return again ? decider.spared : countProtected(decider.spared);
    const keep = decider.passes(traceId) && (again || decider.allows());
    if (!again) {
      decider.seenTraces += 1;
      if (keep) decider.keptTraces += 1;
    }
    if (keep) return decider.kept;
    remembered.set(traceId, decider.droppedBefore);
    return decider.dropped;
  }

  return {
    judge(facts, again = false) {
      const safe = protection(facts);
      const earlier = remembered.get(facts.traceId);
      if (safe !== undefined) {
        if (earlier !== undefined && !earlier.keep) remembered.set(facts.traceId, KEPT_BEFORE);
        return again ? safe : countProtected(safe);
      }
      return earlier ?? byRule(facts, again);
    },
    noteEvaluated: (spanId) => evaluated.add(spanId),
    counts() {
      const rules = deciders.map(({ rule, seenTraces, keptTraces }) => ({
        rule: rule.id,
        seen: seenTraces,
        kept: keptTraces,
      }));
      return {
        seen: rules.reduce((sum, rule) => sum + rule.seen, 0),
        kept: rules.reduce((sum, rule) => sum + rule.kept, 0),
        rules,
        protected: { ...protectedCounts },
        undecided,
      };
    },
  };
}

function createDecider(compiled: CompiledRule, clock: Clock): Decider {
  const { id, sampleRate, maxPerSecond } = compiled.rule;
  return {
    ...compiled,
    passes: createRateTest(sampleRate),
    allows: maxPerSecond === undefined ? () => true : createLimiter(maxPerSecond, clock),
    kept: { keep: true, rate: sampleRate, reason: 'rule', rule: id },
    dropped: { keep: false, rate: sampleRate, reason: 'rule', rule: id },
    droppedBefore: { keep: false, rate: sampleRate, reason: 'remembered', rule: id },
    spared: { keep: true, rate: 1, reason: 'protected:messages', rule: id },
    seenTraces: 0,
    keptTraces: 0,
  };
}

/** At most `perSecond` in each second of the clock. */
function createLimiter(perSecond: number, clock: Clock): () => boolean {
  let second = Number.NEGATIVE_INFINITY;
  let taken = 0;
  return () => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      taken = 0;
    }
    if (taken >= perSecond) return false;
    taken += 1;
    return true;
  };
}

/** Ids of spans that were evaluated, in two generations: at most twice `capacity`. */
class EvaluatedSpans {
  readonly #capacity: number;
  #young = new Set<bigint>();
  #old = new Set<bigint>();

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
  }

  add(spanId: bigint): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(spanId);
  }

  touches(facts: TraceFacts): boolean {
    return (
      (this.#young.size > 0 && facts.hasSpan(this.#young)) || (this.#old.size > 0 && facts.hasSpan(this.#old))
    );
  }
}
