import { setImmediate as turn } from 'node:timers/promises';
import type {
  BatchEncoder,
  Outcomes,
  PendingRecord,
  RecordSource,
  UpstreamState,
} from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { Clock } from '../kernel/clock.ts';
import { Exchange, signalsIn, type Verdict } from './exchange.ts';
import { addOutcome, addOutcomes, compactOutcomes, type DeliveryOutcomes, fitToCount } from './outcomes.ts';
import { Pacer, type Sleep, systemSleep } from './pacer.ts';
import { Persistence } from './persistence.ts';
import { HalvingPlan } from './plan.ts';
import { deliverRefusedRecord, NEVER_SENT, type Refusal } from './refused-record.ts';
import type { Send } from './send.ts';
import { Upstream } from './upstream.ts';

/** How much of the journal one stream holds in memory, apart from the body made of it. */
export interface StreamLimits {
  readonly maxBytes: number;
  readonly maxRecords: number;
}

/** A single larger record is still read, and sent alone. */
const STREAM_LIMITS: StreamLimits = { maxBytes: 8 << 20, maxRecords: 1000 };

export interface StreamOptions {
  readonly source: RecordSource;
  readonly encoder: BatchEncoder;
  readonly send: Send;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Aborting it is `stop()`. */
  readonly signal?: AbortSignal;
  /** What upstream accepts (Datadog: 24 h): older records are counted as expired without being sent. */
  readonly maxAgeMs: number;
  readonly limits?: StreamLimits;
  /** After outcomes are written down. Must not throw. */
  readonly onOutcome: (kind: SignalKind, outcomes: Outcomes) => void;
  /** Once per change of status, HTTP status or error. Must not throw. */
  readonly onState: (state: UpstreamState) => void;
  /**
   * Asked when nothing is pending: resolves when there may be more. A record that came between the last look and
   * this call counts as more. Never rejects.
   */
  readonly wake: () => Promise<void>;
  readonly sleep?: Sleep;
}

/** The delivery of one stream. Every method is safe at any time and any number of times; none throws. */
export interface StreamDelivery {
  /** Resolves when the loop has ended; it ends only by `stop()`. */
  readonly done: Promise<void>;
  state(): UpstreamState;
  /** Ends the present pause, or else the next one before it begins. */
  nudge(): void;
  /** For the last seconds of a shutdown: from now on attempts are at most 250 ms apart, whatever upstream asks for. */
  hurry(): void;
  /** Aborts the request in flight, which counts as sent twice when it had left; resolves as `done` does. */
  stop(): Promise<void>;
}

/** Starts the loop of one stream: expire, encode, remember the intent, send, resolve (laws L4, L12). */
export function deliverStream(options: StreamOptions): StreamDelivery {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const loop = new StreamLoop(options, stopping.signal);
  if (options.signal?.aborted === true) stop();
  options.signal?.addEventListener('abort', stop);
  const done = loop.run().finally(() => options.signal?.removeEventListener('abort', stop));
  return {
    done,
    state: () => loop.upstream.state,
    nudge: () => loop.pacer.nudge(),
    hurry: () => loop.pacer.hurry(),
    stop: () => {
      stop();
      return done;
    },
  };
}

class StreamLoop {
  readonly upstream: Upstream;
  readonly pacer: Pacer;
  readonly #options: StreamOptions;
  readonly #stopped: AbortSignal;
  readonly #persistence: Persistence;
  readonly #exchange: Exchange;
  readonly #plan = new HalvingPlan();
  /** Of the record at the head, when the plan was made. */
  #position = '';
  #waking: Promise<void> | undefined;

  constructor(options: StreamOptions, stopped: AbortSignal) {
    const { source, encoder, send, clock, random, onState, sleep } = options;
    this.#options = options;
    this.#stopped = stopped;
    this.upstream = new Upstream(source.kind, onState);
    this.pacer = new Pacer(sleep ?? systemSleep, stopped);
    this.#persistence = new Persistence(this.pacer, this.upstream, stopped);
    this.#exchange = new Exchange({
      source,
      encoder,
      send,
      clock,
      random,
      stopped,
      pacer: this.pacer,
      persistence: this.#persistence,
      upstream: this.upstream,
    });
  }

  async run(): Promise<void> {
    while (!this.#stopped.aborted) {
      // A backlog that expires or is quarantined needs no network: others get their turn all the same.
      await turn();
      const records = await this.#peek();
      const expired = this.#countExpired(records);
      if (records.length === 0) await this.#idle();
      else if (expired > 0) await this.#settle(expired, { 'lost.expired': signalsIn(records, expired) });
      else await this.#forward(this.#freshGroup(records));
    }
  }

  /** Nothing also when stopped. */
  async #peek(): Promise<readonly PendingRecord[]> {
    const { source, limits = STREAM_LIMITS } = this.#options;
    let records: readonly PendingRecord[] = [];
    let position = this.#position;
    await this.#persistence.insist(() => {
      records = source.peek(limits.maxBytes, this.#plan.next ?? limits.maxRecords);
      position = source.position();
      if (this.#plan.next === undefined || position === this.#position) return;
      // A full journal gave up what stood at the head: the plan was made for other records.
      this.#plan.forget();
      records = source.peek(limits.maxBytes, limits.maxRecords);
      position = source.position();
    });
    this.#position = position;
    return records;
  }

  async #idle(): Promise<void> {
    if (this.#stopped.aborted) return;
    this.upstream.idle();
    this.#waking ??= this.#options.wake().finally(() => {
      this.#waking = undefined;
    });
    await this.pacer.until(this.#waking);
  }

  async #forward(group: readonly PendingRecord[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    this.upstream.busy();
    const id = `${this.#options.source.id}@${this.#position}`;
    const verdict: Verdict = await this.#exchange.attempt(group, id, 0);
    switch (verdict.kind) {
      case 'delivered':
        return this.#settle(verdict.batch.records, outcomesOf(group, verdict));
      case 'refused':
        this.#plan.fix(verdict.records);
        if (verdict.records > 1) return this.#plan.halve();
        return this.#takeApart({ record: first, status: verdict.status, answer: verdict.answer }, id);
      case 'unencodable':
        return this.#takeApart({ record: first, status: NEVER_SENT, answer: verdict.reason }, id);
      case 'again':
        if (verdict.records !== undefined) this.#plan.fix(verdict.records);
        return;
      case 'stopped':
        return;
    }
  }

  async #takeApart(refusal: Refusal, id: string): Promise<void> {
    const outcomes = await deliverRefusedRecord(refusal, id, {
      source: this.#options.source,
      encoder: this.#options.encoder,
      exchange: this.#exchange,
      persistence: this.#persistence,
      stopped: this.#stopped,
      isExpired: (record) => this.#isExpired(record),
    });
    if (outcomes !== undefined) await this.#settle(1, outcomes);
  }

  async #settle(records: number, counted: DeliveryOutcomes): Promise<void> {
    const { source, onOutcome } = this.#options;
    const outcomes = compactOutcomes(counted);
    if (!(await this.#persistence.insist(() => source.resolve(records, outcomes)))) return;
    onOutcome(source.kind, outcomes);
    this.#plan.settle(records);
    await this.#persistence.insist(() => {
      this.#position = source.position();
    });
  }

  #countExpired(records: readonly PendingRecord[]): number {
    const fresh = records.findIndex((record) => !this.#isExpired(record));
    return fresh < 0 ? records.length : fresh;
  }

  #freshGroup(records: readonly PendingRecord[]): readonly PendingRecord[] {
    const expired = records.findIndex((record) => this.#isExpired(record));
    return expired < 0 ? records : records.slice(0, expired);
  }

  #isExpired(record: PendingRecord): boolean {
    return this.#options.clock.wall() - record.timeMs > this.#options.maxAgeMs;
  }
}

function outcomesOf(
  group: readonly PendingRecord[],
  { batch, rejected }: Extract<Verdict, { kind: 'delivered' }>,
): DeliveryOutcomes {
  const outcomes: DeliveryOutcomes = {};
  for (const [i, signals] of batch.signalsPerRecord.entries()) {
    const sampledOut = batch.sampledOutPerRecord?.[i] ?? 0;
    addOutcomes(outcomes, fitToCount({ delivered: signals, sampledOut }, group[i]?.count ?? 0));
  }
  const refused = Math.min(rejected, outcomes.delivered ?? 0);
  addOutcome(outcomes, 'lost.rejected', refused);
  outcomes.delivered = (outcomes.delivered ?? 0) - refused;
  return outcomes;
}
