import { abandon, followStreams, type OpenRuns } from './langchain-streams.ts';
import { copiesOf, type LocatedOpenLlmetry } from './locate.ts';
import { below, type OneTrace } from './one-trace.ts';
import type { OtelApi, OtelSpan, OtelTracer } from './shapes.ts';

/** OpenLLMetry's handler, made by its instrumentation for every call (instrumentation-langchain/dist/index.js). */
interface Handler {
  readonly name: string;
  awaitHandlers: boolean;
  tracer: OtelTracer;
  readonly spans: Map<string, { readonly span: OtelSpan }>;
}

type HandlerClass = new (tracer: OtelTracer, traceContent: boolean) => Handler;

interface Manager {
  readonly handlers: readonly { readonly name?: string }[];
  copy(additional: readonly Handler[], inherit: boolean): Manager;
}

type Configure = (this: unknown, inheritable: unknown, ...rest: unknown[]) => unknown;

interface ManagerClass {
  _configureSync?: Configure;
  /** OpenLLMetry's own mark, by which it leaves alone what is patched. */
  _traceloopPatched?: boolean;
}

const MANAGER = '@langchain/core/callbacks/manager';
const INSTRUMENTATION = '@traceloop/instrumentation-langchain';
const STARTS = ['handleChatModelStart', 'handleLLMStart', 'handleChainStart', 'handleToolStart'] as const;

/**
 * Puts OpenLLMetry's handler into every LangChain call, in the place of its own patch, which loses things: what a
 * runnable passes down to the next is thrown away there (the application's own handlers miss calls of models in
 * chains), its spans have no parents, and it keeps prompts whatever was asked for.
 *
 * @returns uninstall, or undefined where there is no LangChain or it is not as known
 */
export function instrumentLangChain(
  located: LocatedOpenLlmetry,
  api: OtelApi,
  oneTrace: OneTrace,
  traceContent: boolean,
): (() => void) | undefined {
  const { TraceloopCallbackHandler: Handler } = located.require(INSTRUMENTATION) as {
    readonly TraceloopCallbackHandler?: HandlerClass;
  };
  if (Handler === undefined) return undefined;
  const tracer = api.trace.getTracer(INSTRUMENTATION, located.version);
  const undo: (() => void)[] = [];
  const streams = followStreams(located, oneTrace);
  const make = () => createHandler(new Handler(tracer, traceContent), tracer, api, streams.open);
  for (const file of copiesOf([...located.application, located.require], MANAGER)) {
    const { CallbackManager } = located.require(file) as { readonly CallbackManager?: ManagerClass };
    if (CallbackManager !== undefined) undo.push(...patch(CallbackManager, make));
  }
  if (undo.length === 0) {
    streams.uninstall();
    return undefined;
  }
  return () => {
    streams.uninstall();
    for (const step of undo) step();
  };
}

function patch(CallbackManager: ManagerClass, make: () => Handler): (() => void)[] {
  const original = CallbackManager._configureSync;
  if (original === undefined || CallbackManager._traceloopPatched === true) return [];
  const patched: Configure = function (inheritable, ...rest) {
    return original.call(this, withHandler(inheritable, make), ...rest);
  };
  CallbackManager._configureSync = patched;
  CallbackManager._traceloopPatched = true;
  return [
    () => {
      if (CallbackManager._configureSync !== patched) return;
      CallbackManager._configureSync = original;
      delete CallbackManager._traceloopPatched;
    },
  ];
}

/** A list, nothing, or the manager of the runnable above, which has the handler already. */
function withHandler(inheritable: unknown, make: () => Handler): unknown {
  if (inheritable === undefined || inheritable === null) return [make()];
  if (Array.isArray(inheritable)) return [...(inheritable as readonly unknown[]), make()];
  const manager = inheritable as Partial<Manager>;
  if (typeof manager.copy !== 'function' || !Array.isArray(manager.handlers)) return inheritable;
  const has = manager.handlers.some((handler) => handler.name === 'traceloop_callback_handler');
  return has ? inheritable : (manager as Manager).copy([make()], true);
}

/** Its starts are told whose child they are; a runnable's span is not active while its parts run. */
function createHandler(handler: Handler, tracer: OtelTracer, api: OtelApi, open: OpenRuns): Handler {
  let parent: OtelSpan | undefined;
  handler.tracer = { startSpan: (name, options) => tracer.startSpan(name, options, below(api, parent)) };
  // In LangChain's queue it would run in the async context of whichever call came before.
  handler.awaitHandlers = true;
  const methods = handler as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of STARTS) {
    const start = methods[name];
    if (start === undefined) continue;
    methods[name] = function (...args) {
      const [, , runId, parentRunId] = args as readonly string[];
      // Spans start before the first `await` of these methods.
      parent = handler.spans.get(parentRunId ?? '')?.span;
      try {
        return start.apply(this, args);
      } finally {
        parent = undefined;
        if (name === 'handleChatModelStart') open.note(() => abandon(handler, runId ?? ''));
      }
    };
  }
  return handler;
}
