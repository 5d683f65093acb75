import type { ManagedStep, Phase, StepReport } from '../contracts/lifecycle.ts';

/** One step as it is run: a managed step, or custody itself. */
export interface StepSpec {
  readonly phase: Phase;
  readonly name: string;
  readonly close: ManagedStep['close'];
}

/** Thrown by a step that ended in time but did not reach what it was for. */
export class StepIncomplete extends Error {
  override readonly name = 'StepIncomplete';
}

/**
 * Runs one step for at most `limitMs` and says how it ended. Never rejects (law L8). A step that hangs is
 * abandoned: its `signal` is aborted, and whatever it still does happens beside the next phases. A step that
 * blocks the event loop cannot be interrupted.
 */
export async function runStep(spec: StepSpec, limitMs: number, now: () => number): Promise<StepReport> {
  const startedAt = now();
  const controller = new AbortController();
  const deadline = {
    get remainingMs(): number {
      return Math.max(0, limitMs - (now() - startedAt));
    },
    signal: controller.signal,
  };
  let timer: NodeJS.Timeout | undefined;
  // Ref'd: while a step waits, the loop stays open, also where the step itself holds nothing (Atomics.waitAsync).
  const timedOut = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => {
      resolve('timeout');
      controller.abort(new Error(`${spec.phase}: ${spec.name} exceeded ${Math.round(limitMs)} ms`));
    }, limitMs);
  });
  const base = { phase: spec.phase, name: spec.name };
  try {
    // An async function turns a synchronous throw into a rejection and still starts the step at once.
    const work = (async () => {
      await spec.close(deadline);
      return 'ok' as const;
    })();
    const outcome = await Promise.race([work, timedOut]);
    const error = outcome === 'timeout' ? { error: `exceeded ${Math.round(limitMs)} ms` } : {};
    return { ...base, outcome, durationMs: now() - startedAt, ...error };
  } catch (error) {
    const outcome = error instanceof StepIncomplete ? 'timeout' : 'failed';
    return { ...base, outcome, durationMs: now() - startedAt, error: errorText(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** The message of anything thrown, bounded: it goes into a log record. */
export function errorText(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? error.message : String(error);
  } catch {
    // An object without a usable toString: there is nothing to say about it but that.
    text = 'unprintable error';
  }
  return text.slice(0, 500);
}
