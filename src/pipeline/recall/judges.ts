import { AsyncLocalStorage } from 'node:async_hooks';
import type { Judge, JudgeAnswer, JudgeConfig, JudgeFailure, JudgeRequest } from '../../contracts/recall.ts';
import type { ExportedSpan } from '../../contracts/signal.ts';
import { errorText } from '../../kernel/error-text.ts';
import { createWrap, type BackendSlot, type Warn } from '../../spans/wrap.ts';
import type { CallResult, FromRecallWorker, KnownJudge } from './messages.ts';

/** What a judge can be given as: a function of the application, or data that the worker makes one of. */
export type JudgeOption = Judge | JudgeConfig;

/** Judges that one process knows. */
const MAX_JUDGES = 16;

/** Spans of calls that are remembered: more than answers in the cache, which lead to the call that gave them. */
const MAX_SPANS = 2000;

const SPAN_NAME = 'judge.context_recall';

/** Set inside a judge's call: what it evaluates there would be judged by itself. */
const insideJudge = new AsyncLocalStorage<true>();

export function isInsideJudge(): boolean {
  return insideJudge.getStore() === true;
}

/**
 * The judges that the application gave, by name, and their calls in the main thread. Each call is a span: of kind task
 * around a function, whose client has its own LLM span where it is instrumented; of kind llm for the worker's calls,
 * which nobody else sees.
 */
export class MainJudges {
  readonly #slot: BackendSlot;
  readonly #warn: Warn;
  readonly #judges = new Map<string, JudgeOption>();
  readonly #aborts = new Map<number, AbortController>();
  readonly #remote = new Map<number, (result: CallResult) => void>();
  /** By call; the one that was used longest ago goes first. */
  readonly #spans = new Map<number, ExportedSpan>();

  constructor(slot: BackendSlot, warn: Warn) {
    this.#slot = slot;
    this.#warn = warn;
  }

  /** @returns its name, and whether it is new; undefined when there are too many */
  add(judge: JudgeOption): { readonly known: KnownJudge; readonly isNew: boolean } | undefined {
    const name = nameOf(judge);
    const before = this.#judges.get(name);
    if (before === undefined && this.#judges.size >= MAX_JUDGES) return undefined;
    this.#judges.set(name, judge);
    const isNew = before === undefined || (typeof judge !== 'function' && before !== judge);
    return { known: knownAs(name, judge), isNew };
  }

  all(): KnownJudge[] {
    return [...this.#judges].map(([name, judge]) => knownAs(name, judge));
  }

  /** Asks a function of the application, when the main thread has nothing more urgent. */
  async call({
    call,
    name,
    request,
    timeoutMs,
  }: Extract<FromRecallWorker, { type: 'call' }>): Promise<CallResult> {
    const judge = this.#judges.get(name);
    if (typeof judge !== 'function')
      return failed({ reason: 'misconfigured', retryable: false }, `there is no judge ${name}`);
    const controller = new AbortController();
    this.#aborts.set(call, controller);
    try {
      await new Promise((resolve) => setImmediate(resolve));
      const ask = createWrap(this.#slot, this.#warn)('task')(SPAN_NAME, async (asked: JudgeRequest) => {
        this.#remember(call);
        const answer = await judge(asked, { signal: controller.signal, timeoutMs });
        this.#annotate(answer);
        return answer;
      });
      const answer = await insideJudge.run(true, () => ask(request));
      return { ok: true, answer: plainAnswer(answer) };
    } catch (error) {
      return failed(failureOf(error), errorText(error));
    } finally {
      this.#aborts.delete(call);
    }
  }

  abort(call: number): void {
    this.#aborts.get(call)?.abort();
  }

  /** The worker asks a model: the span of it stands here until it has ended. */
  began(call: number, config: JudgeConfig): void {
    const { promise, resolve } = Promise.withResolvers<CallResult>();
    this.#remote.set(call, resolve);
    const modelName = config.kind === 'openai' ? config.model : config.modelId;
    const span = { name: SPAN_NAME, modelName, modelProvider: config.kind };
    const ask = createWrap(this.#slot, this.#warn)('llm')(span, async () => {
      this.#remember(call);
      const result = await promise;
      if (!result.ok) throw new Error(result.message);
      this.#annotate(result.answer);
      return result.answer.reasoning;
    });
    // Its failure is the worker's to handle; here it ends the span.
    insideJudge.run(true, () => void ask().catch(() => undefined));
  }

  ended(call: number, result: CallResult): void {
    this.#remote.get(call)?.(result);
    this.#remote.delete(call);
  }

  /** The span that a call was traced by; undefined where there is none, or it is long ago. */
  spanOf(call: number): ExportedSpan | undefined {
    const span = this.#spans.get(call);
    if (span === undefined) return undefined;
    this.#spans.delete(call);
    this.#spans.set(call, span);
    return span;
  }

  /** The worker is gone: nothing ends what it began, and the next one counts its calls from one. */
  forget(): void {
    this.#spans.clear();
    for (const call of this.#remote.keys())
      this.ended(call, failed({ reason: 'aborted', retryable: true }, 'the evaluation thread ended'));
  }

  /** Inside the call: its span is the active one. */
  #remember(call: number): void {
    try {
      const span = this.#slot.current?.exportSpan();
      if (span === undefined) return;
      this.#spans.set(call, { traceId: span.traceId, spanId: span.spanId });
      for (const oldest of this.#spans.keys()) {
        if (this.#spans.size <= MAX_SPANS) return;
        this.#spans.delete(oldest);
      }
    } catch (error) {
      this.#warn('KS-SPAN-003', error, SPAN_NAME);
    }
  }

  /** Marks the span as ours, with the tokens that it cost. */
  #annotate(answer: JudgeAnswer): void {
    const { usage, promptVersion } = Object(answer) as Partial<JudgeAnswer>;
    try {
      this.#slot.current?.annotate({
        tags: { keepspan_judge: 'context_recall', prompt_version: promptVersion ?? 'custom' },
        ...(usage === undefined
          ? {}
          : { metrics: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens } }),
      });
    } catch (error) {
      this.#warn('KS-SPAN-004', error, SPAN_NAME);
    }
  }
}

/** A function by its own name, a configuration by its model: what a job that is resumed finds its judge by. */
function nameOf(judge: JudgeOption): string {
  if (typeof judge === 'function') return judge.name === '' ? 'judge' : judge.name.slice(0, 100);
  const model = judge.kind === 'openai' ? judge.model : judge.modelId;
  return `${judge.kind}:${model}`.slice(0, 100);
}

function knownAs(name: string, judge: JudgeOption): KnownJudge {
  return typeof judge === 'function' ? { name } : { name, config: judge };
}

/** What can cross threads of an answer that foreign code made. */
function plainAnswer(answer: JudgeAnswer): JudgeAnswer {
  const { score, assessment, reasoning, usage, costUsd, model, promptVersion } = Object(
    answer,
  ) as JudgeAnswer;
  return {
    score,
    ...(assessment === 'pass' || assessment === 'fail' ? { assessment } : {}),
    ...(typeof reasoning === 'string' ? { reasoning } : {}),
    ...(usage == null
      ? {}
      : { usage: { inputTokens: Number(usage.inputTokens), outputTokens: Number(usage.outputTokens) } }),
    ...(typeof costUsd === 'number' ? { costUsd } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof promptVersion === 'string' ? { promptVersion } : {}),
  };
}

function failureOf(error: unknown): JudgeFailure {
  const { reason, retryable, retryAfterMs, usage } = Object(error) as Partial<JudgeFailure>;
  return {
    reason: typeof reason === 'string' ? reason : 'unavailable',
    retryable: typeof retryable === 'boolean' ? retryable : true,
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(typeof usage?.inputTokens === 'number' && typeof usage.outputTokens === 'number'
      ? { usage: { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens } }
      : {}),
  };
}

function failed(failure: JudgeFailure, message: string): CallResult {
  return { ok: false, failure, message };
}
