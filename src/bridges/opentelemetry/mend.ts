import { followLangChainHandler } from '../openllmetry/langchain-handler.ts';
import { followOpenAiInstrumentation } from '../otel-openai/follow.ts';
import { applicationRequires } from './locate.ts';

/**
 * Repairs what instrumentations of LLM libraries for OpenTelemetry break by themselves, as they are loaded.
 *
 * @returns uninstall
 */
export function mendInstrumentations(entryFile: string | undefined, cwd: string): () => void {
  const application = applicationRequires(entryFile, cwd);
  const undo = [followOpenAiInstrumentation(application), followLangChainHandler(application)];
  return () => {
    for (const step of undo.toReversed()) step();
  };
}
