import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ForwardStatus } from '../api/types.ts';
import type { Clock } from '../../kernel/clock.ts';

/** Bounds of what waits for upstream. */
export interface ForwardBounds {
  readonly maxWaitingBytes: number;
  readonly timeoutMs: number;
  /** First pause after a failure; doubled up to `maxPauseMs`. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
}

const DEFAULT_BOUNDS: ForwardBounds = {
  maxWaitingBytes: 64 * 1024 * 1024,
  timeoutMs: 10_000,
  pauseMs: 250,
  maxPauseMs: 10_000,
};

/** What a tracer says about its payload; keys and cookies of ours stay here. */
const CARRIED = /^(?:content-type|datadog-|x-datadog-|dd-|x-keepspan-batch$)/;
const NOT_CARRIED = new Set(['dd-api-key']);

interface Waiting {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const isLater = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

/**
 * Sends accepted requests on, one after the other, in their order. Network errors, 408, 425, 429 and 5xx are tried
 * again; any other answer that is no 2xx is a refusal. What does not fit into the queue is dropped and counted: the
 * store has it all the same. `accepted = forwarded + refused + dropped + waiting` at every moment.
 */
export class Forwarder {
  readonly #url: URL;
  readonly #clock: Clock;
  readonly #bounds: ForwardBounds;
  readonly #queue: Waiting[] = [];
  #waitingBytes = 0;
  #accepted = 0;
  #forwarded = 0;
  #refused = 0;
  #dropped = 0;
  #lastError: string | null = null;
  #lastSuccessMs: number | null = null;
  #failing = false;
  #pauseMs: number;
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #closed = false;

  constructor(url: URL, clock: Clock, bounds: Partial<ForwardBounds> = {}) {
    this.#url = url;
    this.#clock = clock;
    this.#bounds = { ...DEFAULT_BOUNDS, ...bounds };
    this.#pauseMs = this.#bounds.pauseMs;
  }

  /** Takes a request that was stored; `body` is decompressed. Never throws. */
  take(request: IncomingMessage, body: Buffer): void {
    this.#accepted += 1;
    if (this.#closed || this.#waitingBytes + body.length > this.#bounds.maxWaitingBytes) {
      this.#dropped += 1;
      this.#failing = true;
      this.#lastError = 'the queue is full';
      return;
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (CARRIED.test(name) && !NOT_CARRIED.has(name) && typeof value === 'string') headers[name] = value;
    }
    this.#waitingBytes += body.length;
    this.#queue.push({ method: request.method ?? 'POST', path: request.url ?? '/', headers, body });
    this.#next();
  }

  status(): ForwardStatus {
    return {
      url: this.#url.origin,
      status: this.#failing ? 'failing' : 'ok',
      accepted: this.#accepted,
      forwarded: this.#forwarded,
      refused: this.#refused,
      dropped: this.#dropped,
      waiting: this.#queue.length,
      lastError: this.#lastError,
      lastSuccessMs: this.#lastSuccessMs,
    };
  }

  /** Gives what waits up and counts it; safe to call more than once. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#dropped += this.#queue.length;
    this.#queue.length = 0;
    this.#waitingBytes = 0;
  }

  #next(): void {
    const waiting = this.#queue[0];
    if (waiting === undefined || this.#sending || this.#timer !== undefined || this.#closed) return;
    this.#sending = true;
    void this.#send(waiting).then((outcome) => {
      this.#sending = false;
      if (!this.#closed) this.#settle(waiting, outcome);
    });
  }

  #settle(waiting: Waiting, outcome: number | string): void {
    if (typeof outcome === 'string' || isLater(outcome)) {
      this.#failing = true;
      this.#lastError = typeof outcome === 'string' ? outcome : `upstream answered ${outcome}`;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, this.#pauseMs);
      this.#timer.unref();
      this.#pauseMs = Math.min(this.#bounds.maxPauseMs, this.#pauseMs * 2);
      return;
    }
    this.#queue.shift();
    this.#waitingBytes -= waiting.body.length;
    this.#pauseMs = this.#bounds.pauseMs;
    if (outcome >= 200 && outcome < 300) {
      this.#forwarded += 1;
      this.#failing = false;
      this.#lastSuccessMs = this.#clock.wall();
    } else {
      this.#refused += 1;
      this.#failing = true;
      this.#lastError = `upstream refused ${waiting.path.split('?', 1)[0]} with ${outcome}`;
    }
    this.#next();
  }

  /** The status, or why there is none. */
  #send({ method, path, headers, body }: Waiting): Promise<number | string> {
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve) => {
      const request = send(
        new URL(path, this.#url),
        {
          method,
          headers: { ...headers, 'content-length': String(body.length) },
          timeout: this.#bounds.timeoutMs,
        },
        (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
          response.on('error', (error) => resolve(error.message));
        },
      );
      request.on('timeout', () =>
        request.destroy(new Error(`no answer within ${this.#bounds.timeoutMs} ms`)),
      );
      request.on('error', (error) => resolve(error.message));
      request.end(body);
    });
  }
}
