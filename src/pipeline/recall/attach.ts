import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { EvaluationInput } from '../../contracts/evaluation.ts';
import type { Settings } from '../../settings/table.ts';
import type { BackendSlot } from '../../spans/wrap.ts';
import { hasRecallQueue } from './directory.ts';
import type { RecallHealth } from './health.ts';
import { LostSpans } from './lost-spans.ts';
import type { Recall } from './recall.ts';

/** Hybrid recall as a session has it: nothing of it is loaded or started before it is needed. */
export interface RecallSlot {
  /** Starts it, on first use. */
  get(): Recall;
  /** LLM spans that are lost: told by whoever refuses one. */
  readonly lost: LostSpans;
  /** Undefined while nobody has used it. */
  summary(): RecallHealth | undefined;
  /** For 'exit' handlers. */
  drainSync(): void;
  stop(): Promise<void>;
}

export interface RecallSlotParts {
  readonly settings: Settings;
  readonly journal: string | undefined;
  /** What evaluations are journaled as, where it is not Datadog's form: only a process of that stack can submit them. */
  readonly form?: 'otlp';
  readonly key: Uint8Array | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly slot: BackendSlot;
  readonly submit: (input: EvaluationInput) => boolean;
}

/** What earlier processes left is looked for when the application has had time to start and to name its judge. */
const RESUME_MS = 1000;

export function attachRecall(parts: RecallSlotParts): RecallSlot {
  const { journal } = parts;
  const lost = new LostSpans();
  // Its thread and timers outlive the request that is the first to use them: started inside it, every judge's call to
  // come would be a span of that request's trace.
  const outside = AsyncLocalStorage.snapshot();
  let recall: Recall | undefined;
  let stopped = false;
  const get = (): Recall => {
    if (recall === undefined) {
      recall = outside(() => {
        const { Recall: Started } = load();
        return new Started({ ...parts, lost, keepsContent: parts.settings.captureContent === 'full' });
      });
    }
    return recall;
  };
  const resume =
    journal === undefined || !isMainThread
      ? undefined
      : setTimeout(() => {
          if (!stopped && recall === undefined && hasRecallQueue(journal)) get();
        }, RESUME_MS).unref();
  return {
    get,
    lost,
    summary: () => recall?.summary(),
    drainSync: () => recall?.drainSync(),
    async stop() {
      stopped = true;
      clearTimeout(resume);
      await recall?.stop();
    },
  };
}

/** By `require`, now: from src/*.ts as from dist/*.js. */
function load(): typeof import('./recall.ts') {
  return createRequire(import.meta.url)(
    `./recall${extname(import.meta.url)}`,
  ) as typeof import('./recall.ts');
}
