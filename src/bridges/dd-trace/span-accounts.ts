import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import type { Custody } from '../../contracts/custody.ts';
import type { LocatedTracer } from './locate.ts';

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

type TagMap = WeakMap<object, Readonly<Record<string, unknown>>>;

interface TaggerModule {
  readonly tagMap: TagMap;
}

interface EvaluationMessage {
  readonly payload: unknown;
  readonly routing?: { readonly apiKey?: string };
}

/** How long a released chunk waits for others at most. */
const MAX_HELD_MS = 10;

/** Set by dd-trace when its writer took the event (llmobs/span_processor.js). */
const SUBMITTED_TAG = '_dd.llmobs.submitted';

/** In the tag map, where the span is bound for a tenant's own account (llmobs/constants/tags.js). */
const ROUTING_API_KEY = '_dd.llmobs.routing.api_key';

export interface AccountOptions {
  readonly custody: Custody;
  /** Whether LLM spans and evaluations reach the journal through the writers (`full`), not through requests. */
  readonly writerSeams: boolean;
  /** Whether releasing is worth it at once: the request seam takes what is released in the same call. */
  readonly released: boolean;
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
  readonly #tagMap: TagMap | undefined;
  readonly #flushWriters: () => void;
  readonly #uninstall: (() => void)[] = [];

  /**
   * @param tracer the initialised tracer: `require('dd-trace')`
   * @throws TypeError when its internals are not the ones we know
   */
  constructor(located: LocatedTracer, tracer: unknown, options: AccountOptions) {
    this.#options = options;
    const inner = (tracer as { _tracer?: { _processor?: Processor; _exporter?: Exporter } })._tracer;
    if (typeof inner?._processor?._erase !== 'function' || typeof inner._exporter?.export !== 'function') {
      throw new TypeError('dd-trace has no span processor or exporter where version 6 has them');
    }
    this.#processor = inner._processor;
    this.#exporter = inner._exporter;
    this.#tagMap = loadTagMap(located);
    const { llmobs } = tracer as { llmobs?: { flush?: () => void } };
    this.#flushWriters = () => llmobs?.flush?.();
    this.#install();
  }

  /** Spans in dd-trace's hands: finished in traces that are still open, or encoded for the next flush. */
  inTransit(): { spans: number; llmSpans: number; evaluations: number } {
    let spans = this.#encoded;
    for (const trace of this.#open) spans += trace.finished.length;
    return { spans, ...this.#buffered };
  }

  /** Whether dd-trace's buffers are empty. */
  released(): boolean {
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
    if (this.#buffered.llmSpans > 0 || this.#buffered.evaluations > 0) this.#flushWriters();
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
    this.#subscribe('llmobs:eval-metric:append', (message) => this.#onEvaluation(message as EvaluationMessage));
    this.#subscribe('llmobs:register-processor', (message) => {
      this.#processorRegistered = message !== null && message !== undefined;
    });

    const exporter = this.#exporter;
    const exportSpans = exporter.export;
    exporter.export = (spans) => {
      this.#encoded += spans.length;
      this.#exportedNow += spans.length;
      exportSpans.call(exporter, spans);
      this.#releaseSoon();
    };
    const processor = this.#processor;
    const erase = processor._erase;
    processor._erase = (trace, active) => {
      const dropped = trace.finished.length - this.#exportedNow;
      this.#exportedNow = 0;
      this.#open.delete(trace);
      if (dropped > 0) this.#options.custody.ended('spans', 'dropped.discarded', dropped);
      erase.call(processor, trace, active);
    };
    this.#uninstall.push(() => {
      exporter.export = exportSpans;
      processor._erase = erase;
    });
  }

  /** dd-trace's own handler ran before ours: what it appended, or refused, is known. */
  #onFinish(span: DatadogSpan): void {
    const { custody, writerSeams } = this.#options;
    const trace = span.context()._trace;
    custody.created('spans');
    if (trace.record === false) custody.ended('spans', 'dropped.discarded');
    else this.#open.add(trace);
    if (this.#tagMap?.has(span) === true) {
      const taken = writerSeams ? this.#appended : span.context().getTag(SUBMITTED_TAG) === '1';
      if (taken && this.#isRouted(span)) this.#passed('llmSpans');
      else {
        custody.created('llmSpans');
        if (!taken) custody.ended('llmSpans', this.#processorRegistered ? 'dropped.processor' : 'lost.unserializable');
        else if (!writerSeams) this.#buffer('llmSpans');
      }
    }
    this.#appended = false;
    custody.commit();
  }

  #onEvaluation({ payload, routing }: EvaluationMessage): void {
    const { custody, writerSeams } = this.#options;
    const taken = writerSeams ? this.#evaluationAppended : isSerializable(payload);
    if (taken && routing?.apiKey) this.#passed('evaluations');
    else {
      custody.created('evaluations');
      if (!taken) custody.ended('evaluations', 'lost.unserializable');
      else if (!writerSeams) this.#buffer('evaluations');
    }
    this.#evaluationAppended = false;
    custody.commit();
  }

  /** Goes to a tenant's own account, past every seam: no part of what was created. */
  #isRouted(span: DatadogSpan): boolean {
    return Boolean(this.#tagMap?.get(span)?.[ROUTING_API_KEY]);
  }

  /** The writer seam counts what it lets through; without it nobody else would. */
  #passed(kind: 'llmSpans' | 'evaluations'): void {
    if (!this.#options.writerSeams) this.#options.custody.ended(kind, 'unobserved');
  }

  /** dd-trace's writers drop what exceeds 1,000 events between flushes. */
  #buffer(kind: 'llmSpans' | 'evaluations'): void {
    this.#buffered[kind]++;
    if (this.#buffered[kind] >= 800) this.#flushWriters();
    else this.#arm();
  }

  /**
   * A chunk after a pause goes at once; those of a burst go together, with the turn of the event loop or after 10 ms
   * without one. Each payload costs some 40 µs, each chunk in one about 3 µs.
   */
  #releaseSoon(): void {
    if (!this.#options.released) return;
    if (performance.now() - this.#releasedMs > MAX_HELD_MS) this.release();
    else this.#arm();
  }

  #arm(): void {
    if (this.#armed || !this.#options.released) return;
    this.#armed = true;
    setImmediate(() => {
      if (this.#armed) this.release();
    }).unref();
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

function loadTagMap(located: LocatedTracer): TagMap | undefined {
  try {
    const module = located.require(join(located.root, 'packages/dd-trace/src/llmobs/tagger.js')) as Partial<TaggerModule>;
    return module.tagMap;
  } catch {
    return undefined;
  }
}
