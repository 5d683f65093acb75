import { copyOf, type LocatedOpenLlmetry } from './locate.ts';

interface Instrumentation {
  manuallyInstrument(llamaIndex: object, openai?: object): void;
  patchOpenAI?(openai: object): void;
}

const INSTRUMENTATION = '@traceloop/instrumentation-llamaindex';
const patched = new WeakSet<object>();

/**
 * Hands LlamaIndex's modules to OpenLLMetry's instrumentation, which asks for the objects: they are loaded here, in the
 * copy that the application will load, for LlamaIndex warns of a second one. Patches stay for the life of the process.
 *
 * @param trouble told what could not be patched
 * @returns whether there was something to patch
 */
export function instrumentLlamaIndex(
  located: LocatedOpenLlmetry,
  traceContent: boolean,
  trouble: (module: string, error: unknown) => void,
): boolean {
  const module = copyOf(located, 'llamaindex');
  const provider = copyOf(located, '@llamaindex/openai');
  if (module === undefined && provider === undefined) return false;
  const { LlamaIndexInstrumentation } = located.require(INSTRUMENTATION) as {
    readonly LlamaIndexInstrumentation: new (config: object) => Instrumentation;
  };
  const instrumentation = new LlamaIndexInstrumentation({ traceContent });
  const hand = (file: string | undefined, patch: (module: object) => void): void => {
    if (file === undefined) return;
    try {
      const loaded = located.require(file) as object;
      if (patched.has(loaded)) return;
      patched.add(loaded);
      patch(loaded);
    } catch (error) {
      trouble(file, error);
    }
  };
  hand(module, (loaded) => instrumentation.manuallyInstrument(loaded));
  hand(provider, (loaded) => instrumentation.patchOpenAI?.(loaded));
  return true;
}
