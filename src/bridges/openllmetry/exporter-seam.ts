import { patch } from '../dd-trace/patch.ts';
import type { FinishedSpan, TracerProvider } from './shapes.ts';

interface Exporter {
  export(spans: readonly FinishedSpan[], done: (result: { readonly code: number }) => void): void;
}

const SUCCESS = 0;

/**
 * Takes over what an exporter of OpenLLMetry's was given by an application that initialised it before us: its batches
 * come here instead of going out, and it is told that they went.
 *
 * @returns undo, or undefined where no such exporter is found on the provider
 */
export function takeOverExporters(
  provider: TracerProvider,
  url: string,
  take: (spans: readonly FinishedSpan[]) => void,
): (() => void) | undefined {
  const undo: (() => void)[] = [];
  for (const exporter of exportersOf(provider)) {
    if (!sendsTo(exporter, url)) continue;
    undo.push(
      patch(exporter, 'export', (spans, done) => {
        take(spans);
        done({ code: SUCCESS });
      }),
    );
  }
  if (undo.length === 0) return undefined;
  return () => {
    for (const step of undo) step();
  };
}

/** Of the processors of SDK 1.x to 3.x, private: `_activeSpanProcessor._spanProcessors[]._exporter`. */
function exportersOf(provider: TracerProvider): Exporter[] {
  const { _activeSpanProcessor: active } = provider as {
    readonly _activeSpanProcessor?: { readonly _spanProcessors?: unknown };
  };
  const list: unknown = active?._spanProcessors;
  if (!Array.isArray(list)) return [];
  return (list as readonly { readonly _exporter?: Partial<Exporter> }[]).flatMap(({ _exporter: exporter }) =>
    typeof exporter?.export === 'function' ? [exporter as Exporter] : [],
  );
}

/** Where an OTLP exporter sends stands in its transport (otlp-exporter-base 0.203). */
function sendsTo(exporter: Exporter, url: string): boolean {
  const seen = new Set<unknown>();
  const look = (value: unknown, depth: number): boolean => {
    if (value === url) return true;
    if (depth === 0 || typeof value !== 'object' || value === null || seen.has(value)) return false;
    seen.add(value);
    return Object.values(value).some((inner) => look(inner, depth - 1));
  };
  return look(exporter, 6);
}
