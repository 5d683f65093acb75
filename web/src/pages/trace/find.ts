import { useEffect, useState } from 'preact/hooks';
import type { TracePage } from '../../../../src/workbench/api/types.ts';
import { asApiError, getJson } from '../../data/client.ts';
import type { LoadedTrace } from './load.ts';

/** What a search inside a trace has found so far. */
export interface Found {
  /** Ids of spans, 16 hex digits. */
  readonly ids: ReadonlySet<string>;
  /** Payloads are still being searched; this many spans are done. */
  readonly searching: boolean;
  readonly searched: number;
  readonly problem: string;
}

const NONE: Found = { ids: new Set(), searching: false, searched: 0, problem: '' };
const WAIT_MS = 200;

/** Spans whose name, service, resource, model or log lines hold the text: known without asking. */
function atHand({ spans, llmSpans, logs, evaluations }: LoadedTrace, needle: string): Set<string> {
  const ids = new Set<string>();
  const hit = (...texts: readonly string[]): boolean =>
    texts.some((text) => text.toLowerCase().includes(needle));
  for (const span of spans)
    if (hit(span.spanId, span.name, span.service, span.resource)) ids.add(span.spanId);
  for (const llm of llmSpans)
    if (hit(llm.spanId, llm.name, llm.kind, llm.model, llm.inputPreview, llm.outputPreview))
      ids.add(llm.spanHex);
  for (const log of logs) if (log.spanId !== '' && hit(log.message)) ids.add(log.spanId);
  for (const one of evaluations)
    if (hit(one.label, one.reasoning ?? ''))
      for (const llm of llmSpans) if (llm.spanId === one.spanId) ids.add(llm.spanHex);
  return ids;
}

/**
 * Searches a trace: names at once, then attributes and payloads, page by page. Payloads are looked at and let go, so that
 * the memory of a large trace stays that of its rows.
 */
export function useFind(traceId: string | undefined, trace: LoadedTrace | undefined, text: string): Found {
  const [found, setFound] = useState<Found>(NONE);
  const needle = text.trim().toLowerCase();
  const loaded = trace?.complete === true ? trace : undefined;
  useEffect(() => {
    if (traceId === undefined || loaded === undefined || needle === '') {
      setFound(NONE);
      return;
    }
    const controller = new AbortController();
    const ids = atHand(loaded, needle);
    const hit = (value: unknown): boolean =>
      value !== undefined && JSON.stringify(value).toLowerCase().includes(needle);
    const search = async (): Promise<void> => {
      let searched = 0;
      for (let cursor: string | null = ''; cursor !== null;) {
        const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const page: TracePage = await getJson<TracePage>(
          `/api/traces/${traceId}?detail=1${next}`,
          controller.signal,
        );
        for (const span of page.spans) if (hit(span.detail)) ids.add(span.spanId);
        for (const llm of page.llmSpans) if (hit(llm.event)) ids.add(llm.spanHex);
        searched += page.spans.length;
        cursor = page.nextCursor;
        setFound({ ids: new Set(ids), searching: cursor !== null, searched, problem: '' });
      }
    };
    setFound({ ids: new Set(ids), searching: true, searched: 0, problem: '' });
    const timer = setTimeout(() => {
      search().catch((error: unknown) => {
        if (controller.signal.aborted) return;
        setFound((before) => ({ ...before, searching: false, problem: asApiError(error).message }));
      });
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [traceId, loaded, needle]);
  return found;
}
