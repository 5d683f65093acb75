/** A span as it came, from dd-trace or by OTLP; there, one that is no LLM span. */
export interface ArrivedSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, or '' for a root. */
  readonly parentId: string;
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly error: boolean;
  readonly durationMs: number;
  /** Tags or attributes; `span.kind` is server, client, … in both protocols. */
  readonly tags: Readonly<Record<string, unknown>>;
  /** Milliseconds since the receiver started. */
  readonly atMs: number;
}

/** An LLM span as it came. */
export interface ArrivedLlmSpan {
  /** As sent: of LLM Observability, or of the trace for OTLP. */
  readonly traceId: string;
  /** As sent: decimal, or 16 hex digits for OTLP. */
  readonly spanId: string;
  /** 32 hex digits of the APM trace, or ''. */
  readonly apmTraceId: string;
  readonly name: string;
  /** llm, embedding, workflow, task, … */
  readonly kind: string;
  readonly model: string;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly error: boolean;
  readonly atMs: number;
  /** The span of the trace that it is itself, by OTLP; dd-trace sends that one beside it, and it is among the spans. */
  readonly span?: ArrivedSpan | undefined;
}

/** An evaluation as it came. */
export interface ArrivedEvaluation {
  readonly label: string;
  readonly metricType: string;
  readonly value: unknown;
  /** Of the judged span, as that one says it; both '' where it joins by a tag. */
  readonly traceId: string;
  readonly spanId: string;
  readonly atMs: number;
}

interface Kinds {
  readonly spans: ArrivedSpan;
  readonly llmSpans: ArrivedLlmSpan;
  readonly evaluations: ArrivedEvaluation;
}

export type ArrivedKind = keyof Kinds;

/** How many different ones came, and how many came again. */
export interface ArrivedCount {
  readonly unique: number;
  readonly again: number;
}

/** More of one kind than this are counted by their identity no longer, and `full` says so. */
const MAX_ITEMS = 200_000;
const MAX_ERRORS = 20;

/** What arrived, each signal once. */
export class Arrivals {
  readonly #items = {
    spans: new Map<string, ArrivedSpan>(),
    llmSpans: new Map<string, ArrivedLlmSpan>(),
    evaluations: new Map<string, ArrivedEvaluation>(),
  };
  readonly #again = { spans: 0, llmSpans: 0, evaluations: 0 };
  readonly #errors: string[] = [];
  readonly #maxItems: number;
  #full = false;

  constructor(maxItems = MAX_ITEMS) {
    this.#maxItems = maxItems;
  }

  add<Kind extends ArrivedKind>(kind: Kind, item: Kinds[Kind]): void {
    const items = this.#items[kind] as Map<string, Kinds[Kind]>;
    const key = identity(item);
    if (items.has(key)) this.#again[kind] += 1;
    else if (items.size < this.#maxItems) items.set(key, item);
    else this.#full = true;
  }

  /** What has arrived until now; it does not change any more. */
  copy(): Arrivals {
    const copy = new Arrivals(this.#maxItems);
    for (const span of this.spans) copy.add('spans', span);
    for (const span of this.llmSpans) copy.add('llmSpans', span);
    for (const evaluation of this.evaluations) copy.add('evaluations', evaluation);
    for (const error of this.#errors) copy.fail(error);
    return copy;
  }

  /** A body that could not be read. The first twenty are kept. */
  fail(message: string): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push(message);
  }

  get spans(): readonly ArrivedSpan[] {
    return Array.from(this.#items.spans.values());
  }

  /** Everything that traces are made of: spans, and LLM spans by OTLP. */
  get traced(): readonly ArrivedSpan[] {
    return [...this.spans, ...this.llmSpans.flatMap(({ span }) => span ?? [])];
  }

  get llmSpans(): readonly ArrivedLlmSpan[] {
    return Array.from(this.#items.llmSpans.values());
  }

  get evaluations(): readonly ArrivedEvaluation[] {
    return Array.from(this.#items.evaluations.values());
  }

  get errors(): readonly string[] {
    return this.#errors;
  }

  /** There was more than is counted. */
  get full(): boolean {
    return this.#full;
  }

  count(kind: ArrivedKind): ArrivedCount {
    return { unique: this.#items[kind].size, again: this.#again[kind] };
  }

  /** Of all kinds, repetitions included: it stands still when nothing comes any more. */
  get total(): number {
    return (['spans', 'llmSpans', 'evaluations'] as const).reduce(
      (sum, kind) => sum + this.#items[kind].size + this.#again[kind],
      0,
    );
  }
}

/** An evaluation has no id of its own on the wire: it is what it says about which span, and when. */
function identity(
  item: ArrivedSpan | ArrivedLlmSpan | (ArrivedEvaluation & { readonly key?: string }),
): string {
  if ('label' in item) return item.key ?? JSON.stringify([item.label, item.traceId, item.spanId, item.value]);
  return `${item.traceId}/${item.spanId}`;
}
