import { hash } from 'node:crypto';
import type { SignalKind } from '../../contracts/signal.ts';
import type { Exchange } from '../../hosts/counting-proxy.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import { countBody, kindOfPath } from './count-body.ts';

/** What became of the signals of one kind that left the tracer. */
export interface SentCounts {
  readonly acknowledged: number;
  /** By HTTP status. The tracer sends them no more. */
  readonly refused: Readonly<Record<string, number>>;
  /** The Agent could not be reached or never answered, by error. */
  readonly unanswered: Readonly<Record<string, number>>;
  readonly inFlight: number;
}

interface Sent {
  readonly kind: SignalKind;
  readonly signals: number;
  readonly key: string;
}

/** Failed requests that are remembered, to know them again when the tracer repeats them. */
export const MAX_FAILED = 10_000;

/** Counts what passes between a tracer and its Agent. A repetition of a request that failed counts once. */
export class SentTally {
  readonly #acknowledged = zeros();
  readonly #inFlight = zeros();
  readonly #refused = {
    spans: new Map<string, number>(),
    llmSpans: new Map<string, number>(),
    evaluations: new Map<string, number>(),
  };
  readonly #failed = new Map<string, Sent & { readonly code: string }>();
  /** Failed and no longer remembered. */
  readonly #forgotten = {
    spans: new Map<string, number>(),
    llmSpans: new Map<string, number>(),
    evaluations: new Map<string, number>(),
  };
  #unreadable = 0;

  /** Requests whose body was not what its path says, or too large: their signals are in none of the counts. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** A body is on its way. */
  sent(path: string, body: Buffer | undefined): Exchange {
    const sent = this.#read(path, body);
    if (sent === undefined) return { answered: () => undefined, failed: () => undefined };
    this.#failed.delete(sent.key);
    this.#inFlight[sent.kind] += sent.signals;
    return {
      answered: (status) => {
        this.#inFlight[sent.kind] -= sent.signals;
        if (status >= 200 && status < 300) this.#acknowledged[sent.kind] += sent.signals;
        else add(this.#refused[sent.kind], String(status), sent.signals);
      },
      failed: (code) => {
        this.#inFlight[sent.kind] -= sent.signals;
        this.#remember({ ...sent, code });
      },
    };
  }

  counts(kind: SignalKind): SentCounts {
    const unanswered = new Map(this.#forgotten[kind]);
    for (const failed of this.#failed.values())
      if (failed.kind === kind) add(unanswered, failed.code, failed.signals);
    return {
      acknowledged: this.#acknowledged[kind],
      refused: Object.fromEntries(this.#refused[kind]),
      unanswered: Object.fromEntries(unanswered),
      inFlight: this.#inFlight[kind],
    };
  }

  #read(path: string, body: Buffer | undefined): Sent | undefined {
    const kind = kindOfPath(path);
    if (kind === undefined) return undefined;
    try {
      if (body === undefined) throw new RangeError('the body is too large');
      return { ...countBody(kind, path, body), key: `${path} ${hash('sha1', body)}` };
    } catch {
      this.#unreadable += 1;
      return undefined;
    }
  }

  #remember(failed: Sent & { readonly code: string }): void {
    const oldest = this.#failed.size >= MAX_FAILED ? this.#failed.values().next().value : undefined;
    if (oldest !== undefined) {
      this.#failed.delete(oldest.key);
      add(this.#forgotten[oldest.kind], oldest.code, oldest.signals);
    }
    this.#failed.set(failed.key, failed);
  }
}

function zeros(): Record<SignalKind, number> {
  return Object.fromEntries(SIGNAL_KINDS.map((kind) => [kind, 0])) as Record<SignalKind, number>;
}

function add(counts: Map<string, number>, name: string, n: number): void {
  counts.set(name, (counts.get(name) ?? 0) + n);
}
