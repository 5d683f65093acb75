import type { Ledger } from '../../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';

/**
 * How long somebody beside this process has delivered nothing: since it was seen to have delivered anything, or since the
 * start.
 *
 * @param nowS seconds
 * @returns asked with the ledger of now
 */
export function createSilence(nowS: () => number): (ledger: Ledger) => number {
  let delivered = 0;
  let sinceS = nowS();
  return (ledger) => {
    const now = SIGNAL_KINDS.reduce((sum, kind) => sum + ledger[kind].delivered, 0);
    if (now !== delivered) {
      delivered = now;
      sinceS = nowS();
    }
    return nowS() - sinceS;
  };
}
