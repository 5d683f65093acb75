import { followLangChainHandler } from '../openllmetry/langchain-handler.ts';
import { followOpenAiInstrumentation } from '../otel-openai/follow.ts';
import { applicationRequires } from './locate.ts';

/**
 * Repairs what instrumentations of LLM libraries for OpenTelemetry break by themselves, as they are loaded.
 *
 * @param onLate told when the OpenAI client was loaded before, and some of it cannot be repaired
 * @returns uninstall
 */
export function mendInstrumentations(
  entryFile: string | undefined,
  cwd: string,
  onLate: () => void,
): () => void {
  const application = applicationRequires(entryFile, cwd);
  const undo = [followOpenAiInstrumentation(application, onLate), followLangChainHandler(application)];
  return () => {
    for (const step of undo.toReversed()) step();
  };
}
