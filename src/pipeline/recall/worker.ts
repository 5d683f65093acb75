import { parentPort, workerData } from 'node:worker_threads';
import type { Judge, JudgeConfig, JudgeFailure } from '../../contracts/recall.ts';
import { judgeCacheKey } from '../../evaluation/judges/cache-key.ts';
import { judgeFrom } from '../../evaluation/judges/from-config.ts';
import { heuristicRecall } from '../../evaluation/metrics/context-recall.ts';
import { RecordCipher } from '../../journal/cipher.ts';
import { Evaluator } from './evaluator.ts';
import type { CallResult, FromRecallWorker, RecallWorkerInput, ToRecallWorker } from './messages.ts';
import { memoryBook, SpendFiles } from './spend-book.ts';

/** Folders that were abandoned are looked for so often, claims renewed, old jobs given up. */
const SWEEP_MS = 5000;

const input = workerData as RecallWorkerInput;
const port = parentPort!;
const tell = (message: FromRecallWorker): void => port.postMessage(message);
const onError = (error: unknown): void => tell({ type: 'error', error: String(error) });

const judges = new Map<string, Judge>();
const answers = new Map<number, (result: CallResult) => void>();
let lastCall = 0;

const evaluator = new Evaluator({
  directory: input.directory,
  ownFolder: input.ownFolder,
  cipher: input.journalKey === undefined ? undefined : new RecordCipher(input.journalKey),
  settings: input.settings,
  book: input.directory === undefined ? memoryBook() : new SpendFiles(input.directory, onError),
  heuristic: (recall) => heuristicRecall(recall),
  cacheKey: judgeCacheKey,
  judgeOf: (name) => judges.get(name),
  onEvents: (events) => tell({ type: 'events', events }),
  onAdopted: (jobs) => tell({ type: 'adopted', jobs }),
  onFreed: (bytes) => tell({ type: 'freed', bytes }),
  onSealed: (folder) => tell({ type: 'sealed', folder }),
  onError,
});

/** A judge that is a function of the application: asked by message. */
function inMainThread(name: string): Judge {
  return async (request, { signal, timeoutMs }) => {
    const call = ++lastCall;
    const abort = (): void => tell({ type: 'abort', call });
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await answerOf(call, () => tell({ type: 'call', call, name, request, timeoutMs }));
    } finally {
      answers.delete(call);
      signal.removeEventListener('abort', abort);
    }
  };
}

async function answerOf(call: number, ask: () => void) {
  const { promise, resolve } = Promise.withResolvers<CallResult>();
  answers.set(call, resolve);
  ask();
  const result = await promise;
  if (result.ok) return { ...result.answer, call };
  throw Object.assign(new Error(result.message), result.failure, { call });
}

/** A judge that is data: asked from here, while the main thread has its span. */
function fromHere(config: JudgeConfig): Judge {
  const judge = judgeFrom(config);
  return async (request, context) => {
    const call = ++lastCall;
    tell({ type: 'began', call, config: withoutKey(config) });
    try {
      const answer = await judge(request, context);
      tell({ type: 'ended', call, result: { ok: true, answer } });
      return { ...answer, call };
    } catch (error) {
      const { reason, retryable } = error as JudgeFailure;
      tell({
        type: 'ended',
        call,
        result: { ok: false, failure: { reason, retryable }, message: String(error) },
      });
      throw Object.assign(error as Error, { call });
    }
  };
}

function withoutKey(config: JudgeConfig): JudgeConfig {
  if (config.kind !== 'openai') return config;
  const { apiKey: _apiKey, ...rest } = config;
  return rest;
}

port.on('message', (message: ToRecallWorker) => {
  switch (message.type) {
    case 'more':
      evaluator.poll();
      return;
    case 'job':
      evaluator.offer(message.key, message.packed, message.judge, message.timeMs);
      return;
    case 'judge': {
      const { name, config } = message.judge;
      judges.set(name, config === undefined ? inMainThread(name) : fromHere(config));
      evaluator.judgeKnown();
      return;
    }
    case 'answered':
      answers.get(message.call)?.(message.result);
      return;
    case 'booked':
      evaluator.booked(message.keys);
      return;
    case 'backfill':
      evaluator.backfill();
      return;
    case 'make-room':
      evaluator.makeRoom();
      return;
    case 'stop':
      clearInterval(timer);
      evaluator.stop();
      port.close();
  }
});

const timer = setInterval(() => evaluator.sweep(), SWEEP_MS);
evaluator.sweep();
