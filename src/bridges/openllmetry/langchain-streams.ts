import { AsyncLocalStorage } from 'node:async_hooks';
import { copiesOf, type LocatedOpenLlmetry } from './locate.ts';
import type { OneTrace } from './one-trace.ts';
import type { OtelSpan } from './shapes.ts';

/** What to do with the runs of the stream that is read, should it be left. */
export interface OpenRuns {
  note(abandon: () => void): void;
}

type Generator = AsyncGenerator<unknown, unknown, unknown>;
type Stream = (this: unknown, ...args: unknown[]) => Generator;

interface ChatModelClass {
  readonly prototype: { _streamIterator?: Stream };
}

const MODELS = '@langchain/core/language_models/chat_models';

/**
 * Follows the streams of chat models, which LangChain gives no end when they are left, and dd-trace no span: what both
 * libraries make of one is one trace, and has an end.
 */
export function followStreams(
  located: Pick<LocatedOpenLlmetry, 'application' | 'require'>,
  oneTrace: Pick<OneTrace, 'root'>,
): { readonly open: OpenRuns; uninstall(): void } {
  const reading = new AsyncLocalStorage<(() => void)[]>();
  const undo: (() => void)[] = [];
  for (const file of copiesOf([...located.application, located.require], MODELS)) {
    const { BaseChatModel } = located.require(file) as { readonly BaseChatModel?: ChatModelClass };
    const prototype = BaseChatModel?.prototype;
    const original = prototype?._streamIterator;
    if (prototype === undefined || original === undefined) continue;
    const patched: Stream = function (...args) {
      return follow(original.apply(this, args), reading, oneTrace);
    };
    prototype._streamIterator = patched;
    undo.push(() => {
      if (prototype._streamIterator === patched) prototype._streamIterator = original;
    });
  }
  return {
    open: { note: (abandon) => void reading.getStore()?.push(abandon) },
    uninstall() {
      for (const step of undo) step();
    },
  };
}

/** The generator itself, with its three methods running in one context. */
function follow(
  generator: Generator,
  reading: AsyncLocalStorage<(() => void)[]>,
  oneTrace: Pick<OneTrace, 'root'>,
): Generator {
  const runs: (() => void)[] = [];
  let root: ReturnType<OneTrace['root']>;
  let began = false;
  const within = <T>(fn: () => T): T => reading.run(runs, () => (root === undefined ? fn() : root.run(fn)));
  const end = (): void => {
    for (const abandon of runs.splice(0)) abandon();
    root?.end();
    root = undefined;
  };
  const settle = async (step: Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    try {
      const result = await step;
      if (result.done === true) end();
      return result;
    } catch (error) {
      end();
      throw error;
    }
  };
  const { next, return: leave, throw: fail } = generator;
  generator.next = (...args) => {
    if (!began) root = oneTrace.root('langchain.stream');
    began = true;
    return settle(within(() => next.apply(generator, args)));
  };
  generator.return = (value) => settle(within(() => leave.call(generator, value)));
  generator.throw = (error) => settle(within(() => fail.call(generator, error)));
  return generator;
}

/** LangChain tells no handler of a stream that the application leaves before its end. */
export function abandon(
  { spans }: { readonly spans: Map<string, { readonly span: OtelSpan }> },
  runId: string,
): void {
  spans.get(runId)?.span.end();
  spans.delete(runId);
}
