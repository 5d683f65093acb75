/** Bounds on what judges cost; undefined is no bound. */
export interface JudgeLimits {
  readonly callsPerMinute: number | undefined;
  readonly tokensPerDay: number | undefined;
  readonly usdPerDay: number | undefined;
}

export interface Spent {
  readonly calls: number;
  readonly tokens: number;
  readonly usd: number;
}

/** What was spent on a UTC day, by everybody who shares the budget; survives restarts. */
export interface SpendBook {
  /** @param day `2026-11-22` */
  read(day: string): Spent;
  /** Adds to a day; negative numbers correct an estimate. */
  add(day: string, spent: Spent): void;
}

export type Admission =
  | { readonly kind: 'go'; settle(actual: Omit<Spent, 'calls'>): void }
  /** This minute's calls are used up. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'exhausted'; readonly reason: 'tokens_per_day' | 'usd_per_day' };

const MINUTE_MS = 60_000;

/**
 * Judge calls a minute, tokens and dollars a UTC day. What a call may use is booked before it is made and corrected
 * afterwards, so that a kill in between errs on the side of having spent it. A price that is not known costs nothing.
 */
export class JudgeBudget {
  readonly #limits: JudgeLimits;
  readonly #book: SpendBook;
  readonly #clock: { now(): number; wall(): number };
  /** Monotonic times of the calls of the last minute, oldest first: at most `callsPerMinute` of them. */
  #calls: number[] = [];
  /** Dollars a token, as the last calls had it: what the next one is expected to cost. */
  #usdPerToken = 0;

  constructor(limits: JudgeLimits, book: SpendBook, clock: { now(): number; wall(): number }) {
    this.#limits = limits;
    this.#book = book;
    this.#clock = clock;
  }

  /** @param tokens that the call is expected to use, both ways */
  admit(tokens: number): Admission {
    const { callsPerMinute, tokensPerDay, usdPerDay } = this.#limits;
    const day = dayOf(this.#clock.wall());
    const usd = tokens * this.#usdPerToken;
    if (tokensPerDay !== undefined || usdPerDay !== undefined) {
      const spent = this.#book.read(day);
      if (tokensPerDay !== undefined && spent.tokens + tokens > tokensPerDay)
        return { kind: 'exhausted', reason: 'tokens_per_day' };
      // Where no price is known yet, the first call is let through to learn it.
      if (usdPerDay !== undefined && (spent.usd + usd > usdPerDay || spent.usd >= usdPerDay))
        return { kind: 'exhausted', reason: 'usd_per_day' };
    }
    if (callsPerMinute !== undefined) {
      const now = this.#clock.now();
      this.#calls = this.#calls.filter((at) => now - at < MINUTE_MS);
      if (this.#calls.length >= callsPerMinute)
        return { kind: 'wait', ms: callsPerMinute === 0 ? MINUTE_MS : this.#calls[0]! + MINUTE_MS - now };
      this.#calls.push(now);
    }
    this.#book.add(day, { calls: 1, tokens, usd });
    return {
      kind: 'go',
      settle: (actual) => {
        this.#book.add(day, { calls: 0, tokens: actual.tokens - tokens, usd: actual.usd - usd });
        if (actual.usd > 0 && actual.tokens > 0) this.#usdPerToken = actual.usd / actual.tokens;
      },
    };
  }
}

export function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** Four characters a token, the usual rule of thumb for English, and an answer of 400 at most. */
export function expectedTokens(chars: number): number {
  return Math.ceil(chars / 4) + 700;
}
