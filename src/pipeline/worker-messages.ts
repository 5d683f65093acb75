import type { Outcomes, UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { Policy } from '../sampling/policy.ts';
import type { NoiseMemory } from './noise-board.ts';
import type { DatadogTarget } from '../wire/datadog/encode-target.ts';
import type { BoardMemory } from './outcome-board.ts';

/** What the delivery worker starts with. API keys travel in memory only. */
export interface WorkerInput {
  readonly keepspanInternal: true;
  /** Undefined when there is no journal: then everything comes as messages. */
  readonly directory: string | undefined;
  /** For sealed records: 32 bytes. */
  readonly journalKey: Uint8Array | undefined;
  /** The writer whose outcomes the board counts. */
  readonly writerId: string;
  readonly agentUrl: string;
  readonly target: DatadogTarget;
  readonly maxAgeMs: number;
  readonly policy: Policy;
  readonly noise: NoiseMemory;
  readonly board: BoardMemory;
  /** Outcomes of the loopback relay's writers, whose `owner.json` has the token. */
  readonly relayOutcomes: BoardMemory;
  readonly relayToken: string;
  /** Proxy variables for requests to the intake. */
  readonly proxyEnv: Readonly<Record<string, string>>;
}

/** A record that the disk refused, on its way to delivery by memory alone. */
export interface MemoryRecord {
  readonly id: number;
  readonly kind: SignalKind;
  readonly payload: Uint8Array;
  readonly count: number;
  readonly flags: number;
  readonly preamble: string;
  readonly timeMs: number;
}

export type ToWorker =
  /** The host writes into this folder from now on; outcomes of the one before count on the board no more. */
  | ({ readonly type: 'journal' } & Pick<WorkerInput, 'directory' | 'writerId' | 'board'>)
  | { readonly type: 'memory'; readonly record: MemoryRecord }
  /** The process is about to end. */
  | { readonly type: 'hurry' }
  /** Answered by `statistics-flushed`. */
  | { readonly type: 'flush-statistics' }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'rates'; readonly json: string }
  | { readonly type: 'state'; readonly state: UpstreamState }
  | {
      readonly type: 'memory-resolved';
      readonly kind: SignalKind;
      readonly ids: readonly number[];
      readonly outcomes: Outcomes;
    }
  | { readonly type: 'memory-maybe-twice'; readonly kind: SignalKind; readonly signals: number }
  | { readonly type: 'statistics-flushed' }
  /** Of so many spans; the reason in words. */
  | { readonly type: 'statistics-lost'; readonly spans: number; readonly reason: string }
  /** Records of this writer are sealed with another key. */
  | { readonly type: 'sealed'; readonly writerId: string }
  | { readonly type: 'error'; readonly error: string };
