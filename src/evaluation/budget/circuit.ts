/** So many failures in a row open the circuit. */
export const OPENS_AFTER = 5;

/** How long it stays open at first; doubled each time the probe fails. */
export const FIRST_OPEN_MS = 30_000;
const MAX_OPEN_MS = 600_000;

/** Leaves a judge alone that fails again and again: its calls cost money and time, and end nowhere. */
export class Circuit {
  readonly #now: () => number;
  #failures = 0;
  #openMs = FIRST_OPEN_MS;
  #openUntilMs = Number.NEGATIVE_INFINITY;
  #probing = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a call may be made now. When the time is over one call probes; the others wait for what it says. */
  admits(): boolean {
    if (this.#failures < OPENS_AFTER) return true;
    if (this.#probing || this.#now() < this.#openUntilMs) return false;
    this.#probing = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openMs = FIRST_OPEN_MS;
    this.#probing = false;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures < OPENS_AFTER) return;
    if (this.#probing) this.#openMs = Math.min(MAX_OPEN_MS, this.#openMs * 2);
    this.#probing = false;
    this.#openUntilMs = this.#now() + this.#openMs;
  }

  /** The call said nothing about the judge: it was ended by us, or was about its one request. */
  ignored(): void {
    this.#probing = false;
  }
}
