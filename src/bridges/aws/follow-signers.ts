import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import { leaveTraceUnsigned, SIGNER_FILE } from './signers.ts';

/** Node's own channel: it replaces no loader and sees what `import` loads of CommonJS, too. */
const LOADED = 'tracing:module.require:end';

interface Loaded {
  /** What was asked for: a package's name, a path, or the file. */
  readonly id?: unknown;
  readonly result?: unknown;
}

/**
 * Finds the signers of AWS requests, those that are loaded already and those that will be, and makes each leave trace
 * headers unsigned. Every copy counts: the AWS SDK and the application may have their own.
 *
 * @param onSigner - told which package or file it was, once for each
 * @returns uninstall
 */
export function followSigners(onSigner: (name: string) => void = () => undefined): () => void {
  const undo: (() => void)[] = [];
  const seen = new WeakSet();
  const take = (name: string, loaded: unknown) => {
    try {
      const steps = leaveTraceUnsigned(loaded, seen);
      undo.push(...steps);
      if (steps.length > 0) onSigner(name);
    } catch {
      // A frozen or exotic export: the signer stays as it is, and a covered request is not injected into.
    }
  };
  const onLoaded = (message: unknown) => {
    const { id, result } = message as Loaded;
    if (typeof id === 'string' && SIGNER_FILE.test(id)) take(id, result);
  };
  subscribe(LOADED, onLoaded);
  undo.push(() => unsubscribe(LOADED, onLoaded));
  for (const [file, module] of Object.entries(createRequire(import.meta.url).cache)) {
    if (module !== undefined && SIGNER_FILE.test(file)) take(file, module.exports);
  }
  return () => {
    for (const step of undo.splice(0).toReversed()) step();
  };
}
