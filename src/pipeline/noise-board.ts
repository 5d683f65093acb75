import type { NoiseCounts, StatisticsCounts } from '../contracts/sampling.ts';
import type { Policy } from '../sampling/policy.ts';

/** Memory that the delivery worker writes and the main thread reads: no message a batch, and exact at any moment. */
export type NoiseMemory = SharedArrayBuffer;

const PROTECTED = [
  'protected:llm',
  'protected:error',
  'protected:evaluated',
  'protected:manual',
  'protected:messages',
] as const;
const UNDECIDED = PROTECTED.length;
const STATISTICS = ['counted', 'reported', 'maybeTwice', 'lost'] as const;
const FIRST_STATISTIC = UNDECIDED + 1;
const RULES = FIRST_STATISTIC + STATISTICS.length;
const PER_RULE = 2;

/** What a policy did, by the same rules on both sides. */
export class NoiseBoard {
  readonly #counts: BigInt64Array;
  readonly #policy: Policy;

  constructor(memory: NoiseMemory, policy: Policy) {
    this.#counts = new BigInt64Array(memory);
    this.#policy = policy;
  }

  static memoryFor({ rules }: Policy): NoiseMemory {
    return new SharedArrayBuffer((RULES + PER_RULE * rules.length) * BigInt64Array.BYTES_PER_ELEMENT);
  }

  set({ protected: byReason, undecided, rules }: NoiseCounts): void {
    PROTECTED.forEach((reason, i) => this.#store(i, byReason[reason] ?? 0));
    this.#store(UNDECIDED, undecided);
    rules.forEach(({ seen, kept }, i) => {
      this.#store(RULES + PER_RULE * i, seen);
      this.#store(RULES + PER_RULE * i + 1, kept);
    });
  }

  addStatistics(what: keyof StatisticsCounts, spans: number): void {
    Atomics.add(this.#counts, FIRST_STATISTIC + STATISTICS.indexOf(what), BigInt(spans));
  }

  /** The thread that counted is gone. @returns the spans whose statistics went with it */
  loseStatistics(): number {
    const { counted, reported, lost } = this.#statistics();
    const gone = counted - reported - lost;
    this.addStatistics('lost', gone);
    return gone;
  }

  /** Undefined without rules: nothing is looked at then. */
  counts(): NoiseCounts | undefined {
    if (this.#policy.rules.length === 0) return undefined;
    const rules = this.#policy.rules.map(({ id }, i) => ({
      rule: id,
      seen: this.#load(RULES + PER_RULE * i),
      kept: this.#load(RULES + PER_RULE * i + 1),
    }));
    return {
      seen: rules.reduce((sum, { seen }) => sum + seen, 0),
      kept: rules.reduce((sum, { kept }) => sum + kept, 0),
      rules,
      protected: Object.fromEntries(
        PROTECTED.map((reason, i) => [reason, this.#load(i)] as const).filter(([, n]) => n > 0),
      ),
      undecided: this.#load(UNDECIDED),
      ...(this.#load(FIRST_STATISTIC) === 0 ? {} : { statistics: this.#statistics() }),
    };
  }

  #statistics(): StatisticsCounts {
    const [counted = 0, reported = 0, maybeTwice = 0, lost = 0] = STATISTICS.map((_, i) =>
      this.#load(FIRST_STATISTIC + i),
    );
    return { counted, reported, maybeTwice, lost };
  }

  #store(index: number, n: number): void {
    Atomics.store(this.#counts, index, BigInt(n));
  }

  #load(index: number): number {
    return Number(Atomics.load(this.#counts, index));
  }
}
