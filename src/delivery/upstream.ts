import type { UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';

/** Keeps the state of one stream's upstream and says each change once. */
export class Upstream {
  #state: UpstreamState;
  readonly #onState: (state: UpstreamState) => void;

  constructor(kind: SignalKind, onState: (state: UpstreamState) => void) {
    this.#state = { kind, status: 'idle' };
    this.#onState = onState;
  }

  get state(): UpstreamState {
    return this.#state;
  }

  /** Records are waiting. Says nothing while trouble lasts: only a 2xx ends it. */
  busy(): void {
    if (this.#state.status === 'idle') this.#become({ status: 'delivering' });
  }

  /** Nothing is waiting. */
  idle(): void {
    if (this.#state.status !== 'idle') this.#become({ status: 'idle' });
  }

  succeeded(wallMs: number): void {
    if (this.#state.status !== 'delivering') this.#become({ status: 'delivering', lastSuccessMs: wallMs });
    else this.#state = { ...this.#state, lastSuccessMs: wallMs };
  }

  troubled(
    status: 'retrying' | 'held',
    cause: { readonly httpStatus?: number; readonly error?: string },
  ): void {
    const { status: was, httpStatus, error } = this.#state;
    if (was === status && httpStatus === cause.httpStatus && error === cause.error) return;
    this.#become({ status, ...cause });
  }

  #become(change: Omit<UpstreamState, 'kind'>): void {
    const { kind, lastSuccessMs } = this.#state;
    this.#state = { kind, ...(lastSuccessMs === undefined ? {} : { lastSuccessMs }), ...change };
    this.#onState(this.#state);
  }
}
