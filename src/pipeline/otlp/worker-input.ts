import type { OtlpTarget } from '../../wire/otlp/encode.ts';
import type { BoardMemory } from '../outcome-board.ts';

/** What the delivery of one OTLP receiver starts with. Headers, which may hold keys, travel in memory only. */
export interface OtlpWorkerInput {
  readonly keepspanInternal: true;
  /** Undefined while there is no journal: then everything comes as messages. */
  readonly directory: string | undefined;
  /** For sealed records: 32 bytes. */
  readonly journalKey: Uint8Array | undefined;
  /** The writer whose outcomes the board counts. */
  readonly writerId: string;
  readonly target: OtlpTarget;
  readonly maxAgeMs: number;
  readonly board: BoardMemory;
  /** Proxy variables for `https:` receivers. */
  readonly proxyEnv: Readonly<Record<string, string>>;
}
