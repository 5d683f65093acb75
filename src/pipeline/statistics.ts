import type { Outcomes, PendingRecord } from '../contracts/delivery.ts';
import type { StatisticsCounts } from '../contracts/sampling.ts';
import type { OutgoingRequest, Send, SendResult } from '../delivery/send.ts';
import { COMPUTED_STATS, STATS_PATH, type StatsPayload, TraceStats } from '../wire/datadog/stats.ts';
import { originOf } from '../wire/datadog/encode-target.ts';

/** As dd-trace sends its own. */
const INTERVAL_MS = 10_000;

const NOT_TAKEN = `the Agent does not take ${STATS_PATH}: its hits and errors are those of the traces that are kept`;

/** What waits while the Agent does not answer; the oldest payload goes first, and is counted. */
const MAX_WAITING_BYTES = 4 << 20;

export interface StatisticsOptions {
  readonly agentUrl: string;
  readonly hostname: string;
  readonly send: Send;
  /** So many spans more. Must not throw. */
  readonly onCount: (what: keyof StatisticsCounts, spans: number) => void;
  /** Statistics that nobody will get. Must not throw. */
  readonly onLost: (hits: number, reason: string) => void;
}

/**
 * Hit, error and duration statistics of everything that is resolved, sampled out or not: the Agent would count what
 * reaches it. Counted beside the application, from the records that delivery reads anyway.
 *
 * They begin with the Agent's word that it takes them (`/info`), asked before the first trace request; to an Agent
 * that does not, traces are sent as they are, and it counts what it gets. A record counts when it is resolved, never
 * before, so a crash brings nothing in twice; it takes what was counted since the last payload, 10 s at most.
 */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #stats: TraceStats;
  readonly #aborting = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isTaken: boolean | undefined;
  #asking: Promise<SendResult | undefined> | undefined;
  #waiting: StatsPayload[] = [];
  #flushing: Promise<void> | undefined;

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#stats = new TraceStats(options.hostname);
    this.#timer = setInterval(() => void this.flush(), INTERVAL_MS).unref();
  }

  /** Wraps `send`: says in trace requests that the Agent must not count them. */
  readonly send: Send = async (request, signal) => {
    if (!isTraces(request)) return this.#options.send(request, signal);
    if (this.#isTaken === undefined) {
      const failure = await (this.#asking ??= this.#ask());
      if (failure !== undefined) return failure;
    }
    if (this.#isTaken !== true) return this.#options.send(request, signal);
    return this.#options.send(
      { ...request, headers: { ...request.headers, [COMPUTED_STATS]: 'yes' } },
      signal,
    );
  };

  /** Records that were resolved, with their outcomes. */
  note(records: readonly PendingRecord[], outcomes: Outcomes): void {
    // What expired or was refused whole tells of a time and of spans that nobody will look at. While the Agent was not
    // asked nothing was sent to it, and so nothing is counted there.
    if (this.#isTaken === false || (outcomes['delivered'] ?? 0) + (outcomes['sampledOut'] ?? 0) === 0) return;
    let spans = 0;
    for (const record of records) if (record.kind === 'spans') spans += this.#stats.note(record);
    this.#count('counted', spans);
  }

  /** Sends what was counted. Never rejects; resolves when the Agent has answered or cannot be reached. */
  flush(): Promise<void> {
    return (this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    }));
  }

  /** Sends what was counted a last time, for so long at most. */
  async stop(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    const over = setTimeout(() => this.#aborting.abort(), timeoutMs);
    await this.flush();
    clearTimeout(over);
    this.#aborting.abort();
    this.#lose(this.#waiting.splice(0), 'delivery was stopped');
  }

  async #flush(): Promise<void> {
    this.#waiting.push(...this.#stats.drain());
    this.#makeRoom();
    if (this.#waiting.length === 0) return;
    if (this.#isTaken === undefined) await (this.#asking ??= this.#ask());
    if (this.#isTaken === undefined) return;
    if (!this.#isTaken) return this.#lose(this.#waiting.splice(0), NOT_TAKEN);
    while (this.#waiting.length > 0 && !this.#aborting.signal.aborted) {
      const [payload] = this.#waiting as [StatsPayload];
      const result = await this.#options.send(
        this.#request('PUT', STATS_PATH, payload),
        this.#aborting.signal,
      );
      if (this.#waiting[0] !== payload) continue; // Made way meanwhile, and was counted.
      if (result.kind === 'failed') {
        if (result.sent) this.#count('maybeTwice', payload.hits);
        return;
      }
      if (result.status >= 200 && result.status < 300) {
        this.#waiting.shift();
        this.#count('reported', payload.hits);
      } else if (result.status === 404) {
        this.#isTaken = false; // Another Agent took the place of the one that was asked.
        this.#lose(this.#waiting.splice(0), NOT_TAKEN);
      } else if (result.status === 429 || result.status >= 500) {
        return;
      } else {
        this.#waiting.shift();
        this.#lose([payload], `the Agent answered ${result.status}`);
      }
    }
  }

  /** Whether the Agent takes statistics. @returns the failure when it could not be asked */
  async #ask(): Promise<SendResult | undefined> {
    const nothing = { headers: {}, body: Buffer.alloc(0) };
    const result = await this.#options.send(this.#request('GET', '/info', nothing), this.#aborting.signal);
    this.#asking = undefined;
    if (result.kind === 'failed') return result;
    this.#isTaken = result.status === 200 && endpointsIn(result.body).includes(STATS_PATH);
    return undefined;
  }

  #request(
    method: 'GET' | 'PUT',
    path: string,
    { headers, body }: Pick<StatsPayload, 'headers' | 'body'>,
  ): OutgoingRequest {
    return { method, origin: originOf(this.#options.agentUrl), path, headers, body };
  }

  #makeRoom(): void {
    let bytes = this.#waiting.reduce((sum, { body }) => sum + body.length, 0);
    const gone: StatsPayload[] = [];
    while (bytes > MAX_WAITING_BYTES && this.#waiting.length > 1) {
      const [oldest] = this.#waiting.splice(0, 1) as [StatsPayload];
      bytes -= oldest.body.length;
      gone.push(oldest);
    }
    this.#lose(gone, 'the Agent is away');
  }

  #lose(payloads: readonly StatsPayload[], reason: string): void {
    const hits = payloads.reduce((sum, payload) => sum + payload.hits, 0);
    if (hits === 0) return;
    this.#count('lost', hits);
    this.#options.onLost(hits, reason);
  }

  #count(what: keyof StatisticsCounts, n: number): void {
    if (n > 0) this.#options.onCount(what, n);
  }
}

function isTraces({ path }: OutgoingRequest): boolean {
  return path.endsWith('/traces') && path.startsWith('/v0.');
}

function endpointsIn(body: string): readonly unknown[] {
  try {
    const { endpoints } = JSON.parse(body) as { readonly endpoints?: unknown };
    return Array.isArray(endpoints) ? endpoints : [];
  } catch {
    return []; // Not an Agent that says what it takes.
  }
}
