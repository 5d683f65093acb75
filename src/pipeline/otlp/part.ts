import type { UpstreamState } from '../../contracts/delivery.ts';
import type { Ledger } from '../../contracts/ledger.ts';

/** Custody beside a session's own, with journals and threads of its own: part of its ledger, its shutdown and its health. */
export interface CustodyPart {
  ledger(): Ledger;
  upstream(): readonly UpstreamState[];
  /** What waits in memory goes to disk as far as it can. */
  drain(): void;
  /** The process is about to end: no long pauses between attempts. */
  hurry(): void;
  /** Waits for delivery as long as that has a point; resolves with what is still pending. Never rejects. */
  deliver(timeoutMs: number): Promise<number>;
  /** For the 'exit' handler. */
  conclude(): void;
  stop(): Promise<void>;
}
