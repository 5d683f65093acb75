import type { HeuristicRecall, Judge, RecallInput } from '../../../src/contracts/recall.ts';
import { AnswerCache } from '../../../src/evaluation/budget/answer-cache.ts';
import {
  JudgeBudget,
  type JudgeLimits,
  type SpendBook,
  type Spent,
} from '../../../src/evaluation/budget/budget.ts';
import type { After } from '../../../src/evaluation/recall/ask.ts';
import { RecallEngine, type EngineOptions } from '../../../src/evaluation/recall/engine.ts';
import type { JobRef, RecallEvent, RecallJob, Stage } from '../../../src/evaluation/recall/types.ts';

/** A clock whose time passes when a test says so; timers fire in their order. */
export class FakeTime {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly fn: () => void }>();
  readonly wallStartMs: number;

  constructor(wallStartMs = Date.UTC(2026, 10, 22, 12)) {
    this.wallStartMs = wallStartMs;
  }

  readonly clock = { now: () => this.#nowMs, wall: () => this.wallStartMs + this.#nowMs };

  readonly after: After = (ms, fn) => {
    const timer = { atMs: this.#nowMs + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** Lets time pass, timer by timer, and promises settle in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fn();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Lets jobs run that need no time to pass. */
  async drain(engine: { readonly pending: number }): Promise<void> {
    for (let i = 0; i < 100_000 && engine.pending > 0; i++) await settle();
  }
}

/** Everything that is ready to run has run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}

export const UNBOUNDED: JudgeLimits = {
  callsPerMinute: undefined,
  tokensPerDay: undefined,
  usdPerDay: undefined,
};

export function book(): SpendBook & { readonly days: Map<string, Spent> } {
  const days = new Map<string, Spent>();
  const read = (day: string): Spent => days.get(day) ?? { calls: 0, tokens: 0, usd: 0 };
  return {
    days,
    read,
    add(day, { calls, tokens, usd }) {
      const before = read(day);
      days.set(day, { calls: before.calls + calls, tokens: before.tokens + tokens, usd: before.usd + usd });
    },
  };
}

/** Its score is the answer's text; limits set a warning. */
export function heuristic({ answer, limits }: RecallInput): HeuristicRecall {
  const score = Number(answer);
  return {
    score: Number.isNaN(score) ? undefined : score,
    method: 'salient-facts',
    warnings: limits?.retrievalLimit === undefined ? [] : ['HIT_RETRIEVAL_LIMIT'],
    penalties: { retrievalLimit: 1, filtering: 1 },
    salient: { answer: { found: 1, total: 1 }, question: { found: 1, total: 1 } },
    reason: `score ${answer}`,
  };
}

export const SPAN = { traceId: '6a6b0d4e0000000012345678abcdef01', spanId: '1234567890123456789' };

export function job(answer: string, over: Partial<RecallJob['input']> = {}): RecallJob {
  return {
    input: { question: 'who?', answer, chunks: [{ text: 'a passage' }], ...over },
    span: SPAN,
    label: 'context_recall',
    timestampMs: Date.UTC(2026, 10, 22, 12),
  };
}

export interface Bench {
  readonly time: FakeTime;
  readonly engine: RecallEngine;
  readonly events: RecallEvent[];
  readonly judges: Map<string, Judge>;
  /** Last stage of each job. */
  readonly stages: Map<string, Stage>;
  offer(key: string, job: RecallJob, over?: Partial<JobRef>): void;
}

/** An engine with everything around it in the test's hands. */
export function bench(over: Partial<EngineOptions> & { readonly limits?: JudgeLimits } = {}): Bench {
  const time = new FakeTime();
  const events: RecallEvent[] = [];
  const stages = new Map<string, Stage>();
  const judges = new Map<string, Judge>();
  const engine = new RecallEngine({
    clock: time.clock,
    after: time.after,
    random: () => 0.5,
    rest: () => new Promise((resolve) => setImmediate(resolve)),
    judgeOf: (name) => judges.get(name),
    cacheKey: ({ answer, question }, judge) => `${judge} ${question} ${answer}`,
    cache: new AnswerCache(100),
    budget: new JudgeBudget(over.limits ?? UNBOUNDED, book(), time.clock),
    concurrency: 4,
    timeoutMs: 1000,
    patienceMs: 60_000,
    heuristic,
    rule: { threshold: 0.7, auditRate: 0 },
    maxAgeMs: 86_400_000,
    tell: (event) => {
      events.push(event);
      stages.set(event.key, event.stage);
    },
    ...over,
  });
  return {
    time,
    engine,
    events,
    judges,
    stages,
    offer(key, made, ref = {}) {
      engine.offer({
        key,
        stage: 'queued',
        judge: 'judge',
        timeMs: time.clock.wall(),
        durable: true,
        load: () => made,
        ...ref,
      });
    },
  };
}

/** How often each name was counted. */
export function counted(events: readonly RecallEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { count } of events) for (const name of count) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
