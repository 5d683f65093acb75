import { useEffect, useState } from 'preact/hooks';
import type {
  EvaluationRowJson,
  LlmSpanRowJson,
  LogRowJson,
  LogsPage,
  ResolvedId,
  SpanRowJson,
  TracePage,
  TraceRow,
} from '../../../../src/workbench/api/types.ts';
import { type ApiError, asApiError, getJson } from '../../data/client.ts';

/** A trace as far as it has come: spans arrive in pages, so that 45,000 of them are seen while they load. */
export interface LoadedTrace {
  readonly summary: TraceRow | null;
  readonly spans: readonly SpanRowJson[];
  readonly llmSpans: readonly LlmSpanRowJson[];
  readonly evaluations: readonly EvaluationRowJson[];
  readonly logs: readonly LogRowJson[];
  /** Log lines in the store; more than `logs` when there are many. */
  readonly logCount: number;
  readonly complete: boolean;
}

export interface Loading {
  readonly trace: LoadedTrace | undefined;
  readonly error: ApiError | undefined;
  /** Wall-clock ms of the last good answer. */
  readonly lastGoodMs: number | undefined;
}

const LOGS = 500;
const TRACE_ID = /^[0-9a-f]{32}$/;

/**
 * The trace's id in the notation of the API; an id in another notation is resolved, with the span it names. What is not
 * here yet is asked for again when `turn` changes.
 */
export function useResolved(
  given: string,
  turn: string,
): { readonly id?: ResolvedId; readonly error?: ApiError } {
  const known = TRACE_ID.test(given);
  const [answer, setAnswer] = useState<{ id?: ResolvedId; error?: ApiError }>({});
  useEffect(() => {
    if (known || answer.id !== undefined) return;
    const controller = new AbortController();
    getJson<ResolvedId>(`/api/resolve?id=${encodeURIComponent(given)}`, controller.signal)
      .then((id) => setAnswer({ id }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setAnswer({ error: asApiError(error) });
      });
    return () => controller.abort();
  }, [given, turn]);
  return known ? { id: { traceId: given } } : answer;
}

async function load(traceId: string, signal: AbortSignal, show: (trace: LoadedTrace) => void): Promise<void> {
  const first = await getJson<TracePage>(`/api/traces/${traceId}`, signal);
  let trace: LoadedTrace = {
    summary: first.summary ?? null,
    spans: first.spans,
    llmSpans: first.llmSpans,
    evaluations: first.evaluations ?? [],
    logs: [],
    logCount: first.logs ?? 0,
    complete: first.nextCursor === null,
  };
  show(trace);
  if (trace.logCount > 0) {
    const { logs } = await getJson<LogsPage>(`/api/logs?trace=${traceId}&limit=${LOGS}`, signal);
    trace = { ...trace, logs: logs.toSorted((a, b) => a.timeMs - b.timeMs) };
    show(trace);
  }
  for (let cursor = first.nextCursor; cursor !== null;) {
    const page: TracePage = await getJson<TracePage>(`/api/traces/${traceId}?cursor=${cursor}`, signal);
    cursor = page.nextCursor;
    trace = { ...trace, spans: [...trace.spans, ...page.spans], complete: cursor === null };
    show(trace);
  }
}

/** Loads a trace, and again when `turn` changes. What was there stays until the new one is complete. */
export function useTrace(traceId: string | undefined, turn: string): Loading {
  const [state, setState] = useState<Loading>({ trace: undefined, error: undefined, lastGoodMs: undefined });
  useEffect(() => {
    if (traceId === undefined) return;
    const controller = new AbortController();
    const show = (trace: LoadedTrace): void => {
      if (controller.signal.aborted) return;
      setState((before) => {
        const smaller = before.trace !== undefined && trace.spans.length < before.trace.spans.length;
        const lastGoodMs = Date.now();
        return { trace: smaller && !trace.complete ? before.trace : trace, error: undefined, lastGoodMs };
      });
    };
    load(traceId, controller.signal, show).catch((error: unknown) => {
      if (!controller.signal.aborted) setState((before) => ({ ...before, error: asApiError(error) }));
    });
    return () => controller.abort();
  }, [traceId, turn]);
  return state;
}
