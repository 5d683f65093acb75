import { setTimeout as pause } from 'node:timers/promises';
import type { UpstreamState } from '../../contracts/delivery.ts';
import type { Ledger } from '../../contracts/ledger.ts';
import { diesWithPod } from '../../journal/lifetime.ts';
import { errorText } from '../../kernel/error-text.ts';
import { addLedgers } from '../../ledger/account.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import type { Settings } from '../../settings/table.ts';
import { LOGS_PREAMBLE } from '../../wire/otlp/encode.ts';
import { SpanEncoder } from '../../wire/otlp/encode-span.ts';
import { MessageTooLargeError } from '../../wire/otlp/protobuf-writer.ts';
import type { ReadableSpan } from '../../wire/otlp/readable-span.ts';
import { contentRule } from '../content.ts';
import { pendingIn } from '../process-ledger.ts';
import { contentFilter } from './content.ts';
import { EndpointCustody } from './endpoint-custody.ts';
import type { NamedTarget } from './endpoints.ts';
import { createOpenSpans, type OpenSpans, type StartedSpan } from './open-spans.ts';
import type { CustodyPart } from './part.ts';

const SAMPLED = 1;
const POLL_MS = 10;

/**
 * Where the journal outlives the process, a receiver that does not answer is waited for so long after its last answer:
 * a cold one may need seconds, and so may our thread on a loaded machine.
 */
const PATIENCE_MS = 3000;

/** One that refuses, or is not there, is waited for so long. */
const DOWN_PATIENCE_MS = 100;

/**
 * Custody of OpenTelemetry spans, whoever made them: a processor on a provider, or somebody who took a foreign
 * exporter's spans over. Nothing throws; what could not be kept is counted.
 */
export class OtlpCustody implements CustodyPart {
  readonly endpoints: readonly EndpointCustody[];
  /** The application has put a processor on a provider by itself. */
  byApplication = false;
  /** Told the id of a span that no receiver will get, decimal as `exportSpan()` gives it. Must not throw. */
  onLostSpan: (spanId: string) => void = () => undefined;
  readonly #encoder: SpanEncoder;
  readonly #onStop: () => void;
  #stopped: Promise<void> | undefined;
  /** Undefined while nobody told of a start. */
  #open: OpenSpans | undefined;
  /** Pending when a wait was given up because of a receiver that is down. */
  #givenUpAt = 0;

  /** @param onStop called when it is stopped; must not throw */
  constructor(targets: readonly NamedTarget[], settings: Settings, onStop: () => void = () => undefined) {
    this.#onStop = onStop;
    this.#encoder = new SpanEncoder(contentFilter(contentRule(settings)));
    this.endpoints = targets.map((target) => new EndpointCustody(target, settings));
  }

  /**
   * Takes finished spans: redacted, as protobuf, in the journal of every receiver when this returns (law L3). A span
   * that was recorded but not sampled is nobody's to export and is not counted.
   */
  take(spans: readonly ReadableSpan[]): void {
    for (const span of spans) {
      this.#open?.ended(span);
      this.#take(span);
    }
  }

  /** Told of a span when it starts: one of LLM work that nobody ends is taken all the same. */
  started(span: StartedSpan): void {
    try {
      this.#open ??= createOpenSpans((abandoned) => this.#take(abandoned));
      this.#open.started(span);
    } catch {
      // A provider whose spans are not the SDK's: they are taken when they end.
    }
  }

  /** Takes an evaluation: an export request of one span, or of one log record. */
  takeEvaluation(body: Uint8Array, service: 'traces' | 'logs'): boolean {
    let kept = true;
    for (const { store } of this.endpoints) {
      const preamble = service === 'logs' ? LOGS_PREAMBLE : '';
      kept = store.take('evaluations', body, 1, 0, preamble) && kept;
    }
    return kept;
  }

  /** The receivers' ledgers as one: with several of them a span counts once for each. */
  ledger(): Ledger {
    return addLedgers(this.endpoints.map((endpoint) => endpoint.ledger()));
  }

  upstream(): readonly UpstreamState[] {
    return this.endpoints.flatMap((endpoint) => endpoint.upstream());
  }

  pending(): number {
    return pendingIn(this.ledger());
  }

  /** Everything that waits in memory, as far as the disk takes it. Synchronous. */
  drain(): void {
    for (const endpoint of this.endpoints) endpoint.drain();
  }

  hurry(): void {
    for (const endpoint of this.endpoints) endpoint.hurry();
  }

  /**
   * Waits until every receiver has acknowledged everything, until `timeoutMs`, or until waiting has no point because
   * the journal outlives the process and the receiver does not answer. Never rejects.
   *
   * @returns signals that are still pending
   */
  async deliver(timeoutMs: number): Promise<number> {
    const deadlineMs = performance.now() + timeoutMs;
    this.hurry();
    let pending = this.pending();
    // Said a moment ago, and nothing has changed: the same wait would end in the same way.
    const again = pending > 0 && pending === this.#givenUpAt && !this.#isTaking();
    let progressMs = again ? Number.NEGATIVE_INFINITY : performance.now();
    while (pending > 0 && performance.now() < deadlineMs) {
      if (!this.#isMortal() && performance.now() - progressMs > this.#patienceMs()) break;
      await pause(POLL_MS);
      const now = this.pending();
      if (now !== pending) progressMs = performance.now();
      pending = now;
    }
    this.#givenUpAt = pending;
    return pending;
  }

  /** For the 'exit' handler: what nobody will end any more is taken, and the last try at the disk. */
  conclude(): void {
    this.#open?.endAll();
    for (const endpoint of this.endpoints) endpoint.conclude();
  }

  /** Ends threads, timers and files. */
  stop(): Promise<void> {
    this.#open?.stop();
    this.#stopped ??= Promise.all(this.endpoints.map((endpoint) => endpoint.stop())).then(() =>
      this.#onStop(),
    );
    return this.#stopped;
  }

  #take(span: ReadableSpan): void {
    try {
      if (((span.spanContext().traceFlags ?? 0) & SAMPLED) === 0) return;
      const { kind, body } = this.#encoder.encode(span);
      let kept = this.endpoints.length === 0;
      for (const { store } of this.endpoints) {
        store.created(kind);
        kept = store.take(kind, body, 1) || kept;
      }
      if (!kept) this.#lost(span);
    } catch (error) {
      const end = error instanceof MessageTooLargeError ? 'dropped.too_large' : 'lost.unserializable';
      for (const { store } of this.endpoints) {
        store.created('spans');
        store.ended('spans', end);
        store.commit();
      }
      this.#lost(span);
      warnOnce('KS-OTLP-002', { site: end, error: errorText(error) });
    }
  }

  #lost(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    if (/^[0-9a-f]{16}$/.test(spanId)) this.onLostSpan(BigInt(`0x${spanId}`).toString());
  }

  #isMortal(): boolean {
    return this.endpoints.some(({ lifetime }) => diesWithPod(lifetime));
  }

  #isTaking(): boolean {
    return !this.upstream().some(({ status }) => status === 'retrying' || status === 'held');
  }

  #patienceMs(): number {
    return this.#isTaking() ? PATIENCE_MS : DOWN_PATIENCE_MS;
  }
}
