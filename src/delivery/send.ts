import type { EncodedBatch } from '../contracts/delivery.ts';

/** What is sent: a batch's request, its headers completed. */
export type OutgoingRequest = Pick<EncodedBatch, 'method' | 'origin' | 'path' | 'headers' | 'body'>;

/** How a request ended. */
export type SendResult =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
      /** The beginning of the answer, bounded. */
      readonly body: string;
      /** The same before it was read as UTF-8. */
      readonly bytes?: Uint8Array;
    }
  | {
      readonly kind: 'failed';
      /** Such as `ECONNREFUSED`, `ETIMEDOUT`, `ABORT_ERR`. */
      readonly code: string;
      /** The whole request had left this process: upstream may have taken it. */
      readonly sent: boolean;
    };

/** Sends one request and ends within its own timeout, or at once when `signal` aborts. Never throws. */
export type Send = (request: OutgoingRequest, signal: AbortSignal) => Promise<SendResult>;
