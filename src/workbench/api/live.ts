import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { HttpError } from '../http/http-error.ts';
import type { Route } from '../http/route.ts';
import { type Store, STORED_KINDS } from '../store/store.ts';
import { counted } from './parameters.ts';
import type { LiveCounts } from './types.ts';

/** Listeners at one time. */
export const MAX_LISTENERS = 32;
/** Four events a second at most. */
const TICK_MS = 250;
/** A comment now and then, so that neither side takes silence for an end. */
const BEATS_IN_TICKS = 60;
const MAX_NEW_TRACES = 100;

interface Listener {
  readonly response: ServerResponse;
  lastTrace: number;
  sent: string;
}

/** Tells listeners what came, as server-sent events. Without listeners there is no timer. */
export class Live {
  readonly #store: Store;
  /** Row ids of a memory store begin anew with it: ids of another life are no place to go on from. */
  readonly #life: string;
  readonly #listeners = new Set<Listener>();
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;

  constructor(store: Store, life: string) {
    this.#store = store;
    this.#life = life;
  }

  get route(): Route {
    return {
      template: '/api/live',
      methods: ['GET'],
      handle: ({ request, query }) => {
        if (this.#listeners.size >= MAX_LISTENERS)
          throw new HttpError(503, `${MAX_LISTENERS} listeners are connected`, { 'retry-after': '5' });
        const last = String(request.headers['last-event-id'] ?? query.get('last') ?? '');
        return {
          status: 200,
          contentType: 'text/event-stream',
          stream: (response) => this.#listen(response, last),
        };
      },
    };
  }

  /** Ends every stream; safe to call more than once. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { response } of this.#listeners) response.end();
    this.#listeners.clear();
  }

  async #listen(response: ServerResponse, last: string): Promise<void> {
    const [life, trace] = last.split('.');
    const isKnown = life === this.#life && trace !== undefined && /^\d{1,16}$/.test(trace);
    const listener = { response, lastTrace: isKnown ? Number(trace) : this.#store.lastTrace, sent: '' };
    this.#listeners.add(listener);
    response.socket?.setTimeout(0);
    this.#tell(listener, this.#counts());
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    try {
      await once(response, 'close');
    } finally {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  #counts(): string {
    const { spans, llmSpans, evaluations, logs } = Object.fromEntries(
      STORED_KINDS.map((kind) => [kind, counted(this.#store.counts(kind))]),
    ) as unknown as Omit<LiveCounts, 'newTraces' | 'truncated'>;
    return JSON.stringify({ spans, llmSpans, evaluations, logs });
  }

  #tick(): void {
    this.#ticks += 1;
    const counts = this.#counts();
    const isBeat = this.#ticks % BEATS_IN_TICKS === 0;
    for (const listener of this.#listeners) {
      // A reader that does not read is told again when it does; what it missed comes then.
      if (listener.response.writableNeedDrain) continue;
      if (listener.sent !== counts) this.#tell(listener, counts);
      else if (isBeat) listener.response.write(': still here\n\n');
    }
  }

  #tell(listener: Listener, counts: string): void {
    const { lastTrace } = this.#store;
    const traces = this.#store.newTraces(listener.lastTrace, MAX_NEW_TRACES + 1);
    const fresh = {
      newTraces: traces.slice(0, MAX_NEW_TRACES),
      truncated: traces.length > MAX_NEW_TRACES,
    };
    listener.lastTrace = lastTrace;
    listener.sent = counts;
    const data = `${counts.slice(0, -1)},${JSON.stringify(fresh).slice(1)}`;
    listener.response.write(`id: ${this.#life}.${lastTrace}\nevent: counts\ndata: ${data}\n\n`);
  }
}
