import { createRequire } from 'node:module';
import { followModules } from '../follow-modules.ts';
import { importedFile } from '../openllmetry/locate.ts';
import { mendInstrumentation } from './instrumentation.ts';

const PACKAGE = '@opentelemetry/instrumentation-openai';
const FILE = /@opentelemetry[\\/]instrumentation-openai(?:[\\/]|$)/;

/**
 * Finds OpenTelemetry's instrumentation of OpenAI wherever it is loaded from, and mends it. From 0.22 on `import` gives
 * a copy of its own, which is loaded here where the application has one: nothing tells of it later.
 *
 * @param application resolve as the application does
 * @param onLate told when a client calls that was loaded before: `.parse()` and raw responses stay broken there
 * @returns uninstall
 */
export function followOpenAiInstrumentation(
  application: readonly NodeJS.Require[],
  onLate: () => void = () => undefined,
): () => void {
  const undo: (() => void)[] = [];
  const seen = new WeakSet();
  const take = (loaded: unknown): void => void undo.push(...mendInstrumentation(loaded, seen, onLate));
  undo.push(followModules(FILE, (_name, loaded) => take(loaded)));
  const load = createRequire(import.meta.url);
  for (const require of application) {
    const file = importedFile(require, PACKAGE);
    if (file?.endsWith('.mjs') !== true) continue;
    try {
      take(load(file));
    } catch {
      // It cannot be loaded here; the application hears why when it loads it.
    }
  }
  return () => {
    for (const step of undo.splice(0).toReversed()) step();
  };
}
