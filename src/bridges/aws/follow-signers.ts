import { followModules } from '../follow-modules.ts';
import { leaveTraceUnsigned, SIGNER_FILE } from './signers.ts';

/**
 * Finds the signers of AWS requests, those that are loaded already and those that will be, and makes each leave trace
 * headers unsigned. Every copy counts: the AWS SDK and the application may have their own. One that is frozen stays as
 * it is, and a covered request is not injected into.
 *
 * @param onSigner - told which package or file it was, once for each
 * @returns uninstall
 */
export function followSigners(onSigner: (name: string) => void = () => undefined): () => void {
  const undo: (() => void)[] = [];
  const seen = new WeakSet();
  undo.push(
    followModules(SIGNER_FILE, (name, loaded) => {
      const steps = leaveTraceUnsigned(loaded, seen);
      undo.push(...steps);
      if (steps.length > 0) onSigner(name);
    }),
  );
  return () => {
    for (const step of undo.splice(0).toReversed()) step();
  };
}
