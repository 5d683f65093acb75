import { checkDrift, type Drift } from './drift.ts';

/** Audits that are looked at together: older ones say how it was. */
const WINDOW = 400;

/** Looked at so often: a look at each audit would take chance for drift more often than an interval of 95 % promises. */
const EVERY = 20;

/** Whether what passes the threshold has become worse than it was calibrated to be, by the last 400 audits. */
export class DriftWatch {
  readonly #upperBound: number;
  readonly #missed: boolean[] = [];
  #sinceLook = 0;

  /** @param upperBound share of the audited that may be incomplete: `falsePassInterval.high` of the calibrated threshold */
  constructor(upperBound: number) {
    this.#upperBound = upperBound;
  }

  /** @returns what is to be said: production misses more than it may; undefined otherwise */
  audited(missed: boolean): Drift | undefined {
    this.#missed.push(missed);
    if (this.#missed.length > WINDOW) this.#missed.shift();
    this.#sinceLook += 1;
    if (this.#sinceLook < EVERY) return undefined;
    this.#sinceLook = 0;
    const drift = this.state();
    return drift.state === 'drift' ? drift : undefined;
  }

  state(): Drift {
    const missed = this.#missed.filter(Boolean).length;
    return checkDrift({ audited: this.#missed.length, missed }, this.#upperBound);
  }
}
