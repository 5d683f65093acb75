import { createRequire } from 'node:module';
import { patch } from '../dd-trace/patch.ts';
import { followModules } from '../follow-modules.ts';
import { abandon, followStreams } from './langchain-streams.ts';
import type { OtelSpan } from './shapes.ts';

type Start = (this: Handler, ...args: unknown[]) => unknown;

interface Handler {
  readonly spans: Map<string, { readonly span: OtelSpan }>;
  handleChatModelStart: Start;
}

const FILE = /@traceloop[\\/]instrumentation-langchain(?:[\\/]|$)/;

/**
 * Ends the spans of OpenLLMetry's handler for LangChain where an application gives it to a model by itself, and leaves
 * a stream: LangChain tells no handler of that, and the handler keeps the span for ever.
 *
 * @param application resolve as the application does
 * @returns uninstall
 */
export function followLangChainHandler(application: readonly NodeJS.Require[]): () => void {
  const undo: (() => void)[] = [];
  const seen = new WeakSet();
  const mend = (loaded: unknown): void => {
    const { TraceloopCallbackHandler } = (loaded ?? {}) as {
      readonly TraceloopCallbackHandler?: { readonly prototype?: Handler };
    };
    const prototype = TraceloopCallbackHandler?.prototype;
    const start = prototype?.handleChatModelStart;
    if (prototype === undefined || typeof start !== 'function' || seen.has(prototype)) return;
    seen.add(prototype);
    const located = { application, require: createRequire(import.meta.url) };
    const streams = followStreams(located, { root: () => undefined });
    undo.push(streams.uninstall);
    undo.push(
      patch(prototype, 'handleChatModelStart', function (...args) {
        const [, , runId] = args;
        streams.open.note(() => abandon(this, String(runId)));
        return start.apply(this, args);
      }),
    );
  };
  undo.push(followModules(FILE, (_name, loaded) => mend(loaded)));
  return () => {
    for (const step of undo.splice(0).toReversed()) step();
  };
}
