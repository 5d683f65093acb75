import type { Outcomes, PendingRecord } from '../../contracts/delivery.ts';
import type { StatisticsCounts } from '../../contracts/sampling.ts';
import type { OutgoingRequest, Send, SendResult } from '../../delivery/send.ts';
import { COMPUTED_STATS, STATS_PATH, type StatsPayload, TraceStats } from '../../wire/datadog/stats.ts';
import { originOf } from '../../wire/datadog/encode-target.ts';
import type { SpooledInterval, StatisticsSpool } from './spool.ts';

/** As dd-trace sends its own. */
const INTERVAL_MS = 10_000;

const NOT_TAKEN = `the Agent does not take ${STATS_PATH}: its hits and errors are those of the traces that are kept`;

/** What was counted is on disk so soon; later where it is so much that writing it down takes long. */
const SNAPSHOT_MS = 1000;

/** The share of the thread's time that snapshots may take: one part in so many. */
const SNAPSHOT_SHARE = 50;

const KILLED = 'whoever counted them was killed within a second of it';

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
  /** Keeps what waits through the end of this process; without one it is in memory alone. */
  readonly spool?: StatisticsSpool | undefined;
}

interface Waiting {
  readonly payload: StatsPayload;
  readonly interval: { left: number; readonly spooled: SpooledInterval } | undefined;
}

/**
 * Hit, error and duration statistics of everything that is resolved, sampled out or not: the Agent would count what
 * reaches it. Counted beside the application, from the records that delivery reads anyway.
 *
 * They begin with the Agent's word that it takes them (`/info`), asked before the first trace request; to an Agent
 * that does not, traces are sent as they are, and it counts what it gets. A record counts when it is resolved, never
 * before. What was counted is written down once a second: the next deliverer of the journal sends it, and counts as lost
 * what a kill took of the second after.
 */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #stats: TraceStats;
  readonly #aborting = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #spool: StatisticsSpool | undefined;
  #snapshot: NodeJS.Timeout | undefined;
  #snapshotMs = SNAPSHOT_MS;
  #isTaken: boolean | undefined;
  #asking: Promise<SendResult | undefined> | undefined;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#stats = new TraceStats(options.hostname);
    this.#spool = options.spool;
    this.#timer = setInterval(() => void this.flush(), INTERVAL_MS).unref();
    this.#adopt();
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
    if (spans === 0) return;
    this.#count('counted', spans);
    this.#spool?.counted(this.#stats.hits);
    this.#snapshotSoon();
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
    clearTimeout(this.#snapshot);
    // What is on disk the next deliverer sends.
    const left = this.#waiting.splice(0);
    this.#lose(
      left.filter(({ interval }) => interval === undefined),
      'delivery was stopped',
    );
    this.#spool?.end();
  }

  async #flush(): Promise<void> {
    this.#spool?.renew();
    this.#adopt();
    this.#close();
    this.#makeRoom();
    if (this.#waiting.length === 0) return;
    if (this.#isTaken === undefined) await (this.#asking ??= this.#ask());
    if (this.#isTaken === undefined) return;
    if (!this.#isTaken) return this.#lose(this.#waiting.splice(0), NOT_TAKEN);
    while (this.#waiting.length > 0 && !this.#aborting.signal.aborted) {
      const [first] = this.#waiting as [Waiting];
      const { payload, interval } = first;
      interval?.spooled.sending();
      const result = await this.#options.send(
        this.#request('PUT', STATS_PATH, payload),
        this.#aborting.signal,
      );
      interval?.spooled.settled(result.kind === 'failed' ? result.sent : isGood(result.status));
      if (this.#waiting[0] !== first) continue; // Made way meanwhile, and was counted.
      if (result.kind === 'failed') {
        if (result.sent) this.#count('maybeTwice', payload.hits);
        return;
      }
      if (isGood(result.status)) {
        this.#forget(this.#waiting.splice(0, 1));
        this.#count('reported', payload.hits);
      } else if (result.status === 404) {
        this.#isTaken = false; // Another Agent took the place of the one that was asked.
        this.#lose(this.#waiting.splice(0), NOT_TAKEN);
      } else if (result.status === 429 || result.status >= 500) {
        return;
      } else {
        this.#lose(this.#waiting.splice(0, 1), `the Agent answered ${result.status}`);
      }
    }
  }

  /** The interval ends: its payloads wait from now on. */
  #close(): void {
    clearTimeout(this.#snapshot);
    this.#snapshot = undefined;
    const payloads = this.#stats.drain();
    if (payloads.length > 0) this.#await(payloads, this.#spool?.close(payloads));
  }

  #await(payloads: readonly StatsPayload[], spooled: SpooledInterval | undefined): void {
    const interval = spooled === undefined ? undefined : { left: payloads.length, spooled };
    this.#waiting.push(...payloads.map((payload) => ({ payload, interval })));
  }

  /** What earlier deliverers did not come to send stands in front. */
  #adopt(): void {
    const { intervals, uncounted, lost } = this.#spool?.adopt() ?? { intervals: [], uncounted: 0, lost: 0 };
    this.#count('counted', uncounted);
    for (const spooled of intervals) {
      if (spooled.payloads.length === 0) spooled.gone();
      if (spooled.maybeSent) this.#count('maybeTwice', hitsIn(spooled.payloads));
      this.#await(spooled.payloads, spooled);
    }
    if (lost === 0) return;
    this.#count('lost', lost);
    this.#options.onLost(lost, KILLED);
  }

  #snapshotSoon(): void {
    if (this.#spool === undefined) return;
    this.#snapshot ??= setTimeout(() => {
      this.#snapshot = undefined;
      const startMs = performance.now();
      this.#spool?.snapshot(this.#stats.snapshot());
      this.#snapshotMs = Math.max(SNAPSHOT_MS, SNAPSHOT_SHARE * (performance.now() - startMs));
    }, this.#snapshotMs).unref();
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
    let bytes = this.#waiting.reduce((sum, { payload }) => sum + payload.body.length, 0);
    const gone: Waiting[] = [];
    while (bytes > MAX_WAITING_BYTES && this.#waiting.length > 1) {
      const [oldest] = this.#waiting.splice(0, 1) as [Waiting];
      bytes -= oldest.payload.body.length;
      gone.push(oldest);
    }
    this.#lose(gone, 'the Agent is away');
  }

  #lose(gone: readonly Waiting[], reason: string): void {
    this.#forget(gone);
    const hits = hitsIn(gone.map(({ payload }) => payload));
    if (hits === 0) return;
    this.#count('lost', hits);
    this.#options.onLost(hits, reason);
  }

  /** They wait no more; an interval of which nothing waits goes from the disk. */
  #forget(gone: readonly Waiting[]): void {
    for (const { interval } of gone) {
      if (interval === undefined) continue;
      interval.left -= 1;
      if (interval.left === 0) interval.spooled.gone();
    }
  }

  #count(what: keyof StatisticsCounts, n: number): void {
    if (n > 0) this.#options.onCount(what, n);
  }
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

function hitsIn(payloads: readonly StatsPayload[]): number {
  return payloads.reduce((sum, { hits }) => sum + hits, 0);
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
