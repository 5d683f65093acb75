import type { Outcomes, UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { OtlpWorkerInput } from './otlp/worker-input.ts';
import type { FromWorker, MemoryRecord, ToWorker, WorkerInput } from './worker-messages.ts';

/** What is told of delivery. Must not throw. */
export interface HostEvents {
  readonly onRates: (json: string) => void;
  readonly onState: (state: UpstreamState) => void;
  readonly onMemoryResolved: (kind: SignalKind, ids: readonly number[], outcomes: Outcomes) => void;
  /** Of what was handed over, so many signals may reach upstream twice. */
  readonly onMemoryMaybeTwice: (kind: SignalKind, signals: number) => void;
  /** Records of this writer are sealed with another key; they are held. */
  readonly onSealed: (writerId: string) => void;
  /** Hit statistics of so many spans reach nobody. */
  readonly onStatisticsLost?: (spans: number, reason: string) => void;
  /** Something inside failed; it goes on. */
  readonly onError: (error: string) => void;
  /** The thread ended by itself and is started again; what was handed to it is not resolved. */
  readonly onDeath: (error: string) => void;
}

export interface HostOptions extends HostEvents {
  /** What delivers, beside this file and without its ending; default: to Datadog. */
  readonly file?: 'otlp/worker';
  readonly input: WorkerInput | OtlpWorkerInput;
  /** Environment of a thread: no NODE_OPTIONS, which would load the application's preloads there. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Who delivers inside this process. Every method is safe at any time, and none throws. */
export interface DeliveryHost {
  /** False while there is nobody to hand it to. */
  hand(record: MemoryRecord): boolean;
  /** The host's journal begins, or goes on in another folder. */
  journalMoved(journal: Pick<WorkerInput, 'directory' | 'writerId' | 'board'>): void;
  /** No long pauses between attempts any more. */
  hurry(): void;
  /** Sends hit statistics now; resolves when the Agent has answered or nobody delivers, and may never resolve. */
  flushStatistics(): Promise<void>;
  /** Ends the loops, then the thread. */
  stop(): Promise<void>;
}

/** Running loops, and how they are spoken to. */
export interface DeliveryLoops {
  receive(message: ToWorker): void;
  /** Resolves after `stop`. */
  readonly ended: Promise<void>;
}

export interface LoopOptions {
  /** Whether waiting and sending keep the thread alive. */
  readonly holdsProcess: boolean;
}

/** Passes on what the loops tell, except what the host keeps for itself. */
export function passOn(events: HostEvents, message: FromWorker): void {
  switch (message.type) {
    case 'rates':
      return events.onRates(message.json);
    case 'state':
      return events.onState(message.state);
    case 'memory-resolved':
      return events.onMemoryResolved(message.kind, message.ids, message.outcomes);
    case 'memory-maybe-twice':
      return events.onMemoryMaybeTwice(message.kind, message.signals);
    case 'statistics-lost':
      return events.onStatisticsLost?.(message.spans, message.reason);
    case 'sealed':
      return events.onSealed(message.writerId);
    case 'error':
      return events.onError(message.error);
    case 'statistics-flushed':
      return;
  }
}
