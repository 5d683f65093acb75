import type { JudgeAnswer, JudgeConfig, JudgeFailure, JudgeRequest } from '../../contracts/recall.ts';
import type { RecallEvent } from '../../evaluation/recall/types.ts';

/** What an evaluator works by, in a worker thread or in a command. Plain data. */
export interface EvaluatorSettings {
  readonly threshold: number;
  readonly auditRate: number;
  readonly maxAgeMs: number;
  /** Jobs that are held in memory, without their content. */
  readonly maxJobs: number;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly patienceMs: number;
  readonly callsPerMinute: number | undefined;
  readonly tokensPerDay: number | undefined;
  readonly usdPerDay: number | undefined;
}

export interface RecallWorkerInput {
  readonly keepspanInternal: true;
  /** The queue's directory; undefined: everything comes as messages. */
  readonly directory: string | undefined;
  /** This process's own folder there, which is not waited for to be abandoned. */
  readonly ownFolder: string | undefined;
  /** For sealed jobs: 32 bytes. */
  readonly journalKey: Uint8Array | undefined;
  readonly settings: EvaluatorSettings;
}

/** A judge as the worker knows it: data that it makes a judge of, or one in the main thread that it asks. */
export interface KnownJudge {
  readonly name: string;
  readonly config?: JudgeConfig;
}

export type ToRecallWorker =
  /** Something new is in the own folder. */
  | { readonly type: 'more' }
  /** A job that is not on disk. */
  | {
      readonly type: 'job';
      readonly key: string;
      readonly packed: Uint8Array;
      readonly judge: string;
      readonly timeMs: number;
    }
  | { readonly type: 'judge'; readonly judge: KnownJudge }
  | { readonly type: 'answered'; readonly call: number; readonly result: CallResult }
  /** The verdicts on these are out. */
  | { readonly type: 'booked'; readonly keys: readonly string[] }
  | { readonly type: 'backfill' }
  | { readonly type: 'make-room' }
  | { readonly type: 'stop' };

export type CallResult =
  | { readonly ok: true; readonly answer: JudgeAnswer }
  | { readonly ok: false; readonly failure: JudgeFailure; readonly message: string };

export type FromRecallWorker =
  | { readonly type: 'events'; readonly events: readonly PlacedEvent[] }
  /** Jobs of an earlier process are taken over. */
  | { readonly type: 'adopted'; readonly jobs: number }
  | { readonly type: 'freed'; readonly bytes: number }
  /** Asks a judge that is a function of the application. */
  | {
      readonly type: 'call';
      readonly call: number;
      readonly name: string;
      readonly request: JudgeRequest;
      readonly timeoutMs: number;
    }
  | { readonly type: 'abort'; readonly call: number }
  /** A call that the worker makes itself begins and ends: the main thread makes its span. */
  | { readonly type: 'began'; readonly call: number; readonly config: JudgeConfig }
  | { readonly type: 'ended'; readonly call: number; readonly result: CallResult }
  /** Records of this folder are sealed with another key. */
  | { readonly type: 'sealed'; readonly folder: string }
  | { readonly type: 'error'; readonly error: string };

/** An event with the place of its job's mark; none for a job that is not on disk. */
export interface PlacedEvent {
  readonly event: RecallEvent;
  readonly mark?: { readonly folder: string; readonly segment: number; readonly number: number };
}
