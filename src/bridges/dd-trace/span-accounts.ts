import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Custody } from '../../contracts/custody.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { TagMap } from './content.ts';
import { patch } from './patch.ts';

interface Trace {
  readonly started: readonly DatadogSpan[];
  readonly finished: readonly DatadogSpan[];
  readonly record?: boolean;
}

/** The part of dd-trace's span that the accounts read. */
export interface DatadogSpan {
  context(): { readonly _trace: Trace; getTag(key: string): unknown };
}

interface Processor {
  process(span: DatadogSpan): void;
  _erase(trace: Trace, active: unknown): void;
  readonly _config: { flushMinSpans: number };
}

interface Exporter {
  export(spans: readonly unknown[]): void;
  flush(done?: () => void): void;
}

interface EvaluationMessage {
  readonly payload: unknown;
  readonly routing?: { readonly apiKey?: string };
}

/** How long a released chunk waits for others at most. */
const MAX_HELD_MS = 10;

const RELAY_PERIOD_MS = 25;

/** Set by dd-trace when its writer took the event (llmobs/span_processor.js). */
const SUBMITTED_TAG = '_dd.llmobs.submitted';

/** In the tag map, where the span is bound for a tenant's own account (llmobs/constants/tags.js). */
const ROUTING_API_KEY = '_dd.llmobs.routing.api_key';

export interface AccountOptions {
  readonly custody: Custody;
  /** Whether LLM spans and evaluations reach the journal through the writers (`full`), not through requests. */
  readonly writerSeams: boolean;
  /**
   * Where released signals go: `seam` takes them in the same call, `relay` over a socket; `away` is past every seam, and
   * what becomes of them is unobserved.
   */
  readonly release: 'seam' | 'relay' | 'away';
  /** Signals that the relay has taken so far. */
  readonly relayed?: (() => Readonly<Record<SignalKind, number>>) | undefined;
  readonly tagMap: TagMap | undefined;
}

/**
 * Counts what dd-trace finishes, independently of what arrives in the journal, and has it released: chunks of
 * traces within a turn of the event loop and 10 ms, LLM spans at once (`full`) or with the turn.
 *
 * Private knowledge of dd-trace 6: `_tracer._exporter.export`, `_tracer._processor._erase`, `LLMObsTagger.tagMap`,
 * the tag `_dd.llmobs.submitted`, the tag map's `_dd.llmobs.routing.api_key`.
 */
export class SpanAccounts {
  /** Spans encoded but not yet seen at the seam. */
  #encoded = 0;
  /** LLM spans and evaluations that dd-trace's writers buffer (`wire`). */
  #buffered = { llmSpans: 0, evaluations: 0 };
  #sinceFlush = 0;
  #relayed = { spans: 0, llmSpans: 0, evaluations: 0 };
  #exportedNow = 0;
  #appended = false;
  #evaluationAppended = false;
  #processorRegistered = false;
  #armed = false;
  #releasedMs = Number.NEGATIVE_INFINITY;
  readonly #open = new Set<Trace>();
  readonly #options: AccountOptions;
  readonly #processor: Processor;
  readonly #exporter: Exporter;
  readonly #flushWriters: () => void;
  readonly #uninstall: (() => void)[] = [];

  /**
   * @param tracer the initialised tracer: `require('dd-trace')`
   * @throws TypeError when its internals are not the ones we know
   */
  constructor(tracer: unknown, options: AccountOptions) {
    this.#options = options;
    const inner = (tracer as { _tracer?: { _processor?: Processor; _exporter?: Exporter } })._tracer;
    if (typeof inner?._processor?._erase !== 'function' || typeof inner._exporter?.export !== 'function') {
      throw new TypeError('dd-trace has no span processor or exporter where version 6 has them');
    }
    this.#processor = inner._processor;
    this.#exporter = inner._exporter;
    const { llmobs } = tracer as { llmobs?: { flush?: () => void } };
    this.#flushWriters = () => llmobs?.flush?.();
    this.#install();
  }

  /** Spans in dd-trace's hands: finished in traces that are still open, or encoded for the next flush. */
  inTransit(): { spans: number; llmSpans: number; evaluations: number } {
    this.#settle();
    let spans = this.#encoded;
    for (const trace of this.#open) spans += trace.finished.length;
    return { spans, ...this.#buffered };
  }

  /** Whether dd-trace's buffers are empty. */
  released(): boolean {
    this.#settle();
    return this.#encoded === 0 && this.#buffered.llmSpans === 0 && this.#buffered.evaluations === 0;
  }

  /** Forgets what is in dd-trace's hands, and says how much that was. */
  writeOff(): { spans: number; llmSpans: number; evaluations: number } {
    const left = this.inTransit();
    this.#open.clear();
    this.#encoded = 0;
    this.#buffered = { llmSpans: 0, evaluations: 0 };
    return left;
  }

  /** Called by the request seam: how many spans the payload holds that is now handed over. */
  takeEncoded(): number {
    const spans = this.#encoded;
    this.#encoded = 0;
    return spans;
  }

  /** Called by the request seam for the writers' payloads. */
  takeBuffered(kind: 'llmSpans' | 'evaluations', count: number): void {
    this.#buffered[kind] = Math.max(0, this.#buffered[kind] - count);
  }

  /** Called by the writer seams when a record was handed over, or passed through. */
  noteAppended(kind: 'llmSpans' | 'evaluations'): void {
    if (kind === 'llmSpans') this.#appended = true;
    else this.#evaluationAppended = true;
  }

  /** Has dd-trace hand over everything it may: synchronous, through the seams. */
  release(): void {
    this.#armed = false;
    this.#exporter.flush();
    this.#releasedMs = performance.now();
    if (this.#buffered.llmSpans > 0 || this.#buffered.evaluations > 0) this.#flushBuffered();
  }

  /**
   * Hands over the finished spans of traces that are still open, too: for the end of the process, where waiting
   * for the rest of the trace would lose them. What is left then is counted as `lost.unreleased`.
   */
  releaseAll(): void {
    const { _config } = this.#processor;
    const flushMinSpans = _config.flushMinSpans;
    _config.flushMinSpans = 1;
    try {
      for (const trace of [...this.#open]) {
        const last = trace.finished.at(-1);
        if (last !== undefined) this.#processor.process(last);
      }
    } finally {
      _config.flushMinSpans = flushMinSpans;
    }
    this.release();
  }

  uninstall(): void {
    for (const undo of this.#uninstall.splice(0).toReversed()) undo();
  }

  #install(): void {
    this.#subscribe('dd-trace:span:finish', (message) => this.#onFinish(message as DatadogSpan));
    this.#subscribe('llmobs:eval-metric:append', (message) =>
      this.#onEvaluation(message as EvaluationMessage),
    );
    this.#subscribe('llmobs:register-processor', (message) => {
      this.#processorRegistered = message !== null && message !== undefined;
    });

    if (this.#options.release !== 'away') this.#patch();
  }

  #patch(): void {
    const exporter = this.#exporter;
    const exportSpans = exporter.export;
    const undoExport = patch(exporter, 'export', (spans: readonly unknown[]) => {
      this.#encoded += spans.length;
      this.#exportedNow += spans.length;
      exportSpans.call(exporter, spans);
      this.#releaseSoon();
    });
    const processor = this.#processor;
    const erase = processor._erase;
    const undoErase = patch(processor, '_erase', (trace: Trace, active: unknown) => {
      const dropped = trace.finished.length - this.#exportedNow;
      this.#exportedNow = 0;
      this.#open.delete(trace);
      if (dropped > 0) this.#options.custody.ended('spans', 'dropped.discarded', dropped);
      erase.call(processor, trace, active);
    });
    this.#uninstall.push(undoExport, undoErase);
  }

  /** dd-trace's own handler ran before ours: what it appended, or refused, is known. */
  #onFinish(span: DatadogSpan): void {
    const { custody, tagMap, release } = this.#options;
    const trace = span.context()._trace;
    if (release === 'away') custody.ended('spans', 'unobserved');
    else {
      custody.created('spans');
      if (trace.record === false) custody.ended('spans', 'dropped.discarded');
      else this.#open.add(trace);
    }
    if (tagMap?.has(span) === true) this.#onLlmSpan(span);
    this.#appended = false;
    custody.commit();
  }

  #onLlmSpan(span: DatadogSpan): void {
    const { custody, writerSeams } = this.#options;
    const taken = writerSeams ? this.#appended : span.context().getTag(SUBMITTED_TAG) === '1';
    if (taken && this.#isRouted(span)) return this.#passed('llmSpans');
    if (this.#isAway()) return custody.ended('llmSpans', 'unobserved');
    custody.created('llmSpans');
    if (!taken)
      custody.ended('llmSpans', this.#processorRegistered ? 'dropped.processor' : 'lost.unserializable');
    else if (!writerSeams) this.#buffer('llmSpans');
  }

  #onEvaluation({ payload, routing }: EvaluationMessage): void {
    const { custody, writerSeams } = this.#options;
    const taken = writerSeams ? this.#evaluationAppended : isSerializable(payload);
    if (taken && routing?.apiKey) this.#passed('evaluations');
    else if (this.#isAway()) custody.ended('evaluations', 'unobserved');
    else {
      custody.created('evaluations');
      if (!taken) custody.ended('evaluations', 'lost.unserializable');
      else if (!writerSeams) this.#buffer('evaluations');
    }
    this.#evaluationAppended = false;
    custody.commit();
  }

  /** Neither by request nor by writer: nobody here will hear of it again. */
  #isAway(): boolean {
    return this.#options.release === 'away' && !this.#options.writerSeams;
  }

  /** Goes to a tenant's own account, past every seam: no part of what was created. */
  #isRouted(span: DatadogSpan): boolean {
    return Boolean(this.#options.tagMap?.get(span)?.[ROUTING_API_KEY]);
  }

  /** The writer seam counts what it lets through; without it nobody else would. */
  #passed(kind: 'llmSpans' | 'evaluations'): void {
    if (!this.#options.writerSeams) this.#options.custody.ended(kind, 'unobserved');
  }

  /** dd-trace's writers drop what exceeds 1,000 events between flushes. */
  #buffer(kind: 'llmSpans' | 'evaluations'): void {
    this.#buffered[kind]++;
    if (++this.#sinceFlush >= 800) this.#flushBuffered();
    else this.#arm();
  }

  #flushBuffered(): void {
    this.#sinceFlush = 0;
    this.#flushWriters();
  }

  /** What the relay has taken is counted by its own journal from then on, and no longer here. */
  #settle(): void {
    const now = this.#options.relayed?.();
    if (now === undefined) return;
    for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) {
      const taken = now[kind] - this.#relayed[kind];
      if (taken === 0) continue;
      this.#relayed[kind] = now[kind];
      if (kind === 'spans') this.#encoded -= taken;
      else this.#buffered[kind] -= taken;
      this.#options.custody.created(kind, -taken);
    }
    this.#options.custody.commit();
  }

  /**
   * A chunk after a pause goes at once; those of a burst go together, with the turn of the event loop or after 10 ms
   * without one. Each payload costs some 40 µs, each chunk in one about 3 µs.
   */
  #releaseSoon(): void {
    if (this.#options.release === 'seam' && performance.now() - this.#releasedMs > MAX_HELD_MS)
      this.release();
    else this.#arm();
  }

  /** Each request to the relay costs the main thread about 0.7 ms: there are at most 40 a second. */
  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    const due = () => {
      if (this.#armed) this.release();
    };
    if (this.#options.release === 'seam') setImmediate(due).unref();
    else setTimeout(due, RELAY_PERIOD_MS).unref();
  }

  #subscribe(channel: string, handler: (message: unknown) => void): void {
    subscribe(channel, handler);
    this.#uninstall.push(() => unsubscribe(channel, handler));
  }
}

/** dd-trace's writer measures an evaluation by its JSON text, and what has none never enters its buffer (writers/base.js). */
function isSerializable(payload: unknown): boolean {
  try {
    JSON.stringify(payload);
    return true;
  } catch {
    return false;
  }
}
