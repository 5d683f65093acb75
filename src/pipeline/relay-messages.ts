import type { Settings } from '../settings/table.ts';
import type { BoardMemory } from './outcome-board.ts';
import type { RelayMemory } from './relay-board.ts';

/** What the relay's thread starts with. Keys travel in memory only. */
export interface RelayInput {
  readonly keepspanInternal: true;
  readonly settings: Settings;
  readonly tracerVersion: string;
  /** What the Agent knows the container of a request by. */
  readonly entity: Readonly<Record<string, string>>;
  readonly agentUrl: string;
  /** Stands in `owner.json`, so that delivery knows whose outcomes it counts. */
  readonly token: string;
  readonly memory: RelayMemory;
  /** Its doorbell wakes delivery. */
  readonly board: BoardMemory;
  /** Where outcomes are counted that somebody beside this process brings about; undefined where delivery does it here. */
  readonly besideOutcomes: BoardMemory | undefined;
  /** 0 for any; the same one when it is started again. */
  readonly port: number;
  /** JSON text of the Agent's last `rate_by_service`. */
  readonly rates: string;
  /** So many of its folders were ended by others so far. */
  readonly moves: number;
}

export type ToRelay =
  | { readonly type: 'rates'; readonly json: string }
  /** The process is about to end. */
  | { readonly type: 'conclude' }
  | { readonly type: 'stop' };
