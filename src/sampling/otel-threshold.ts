import type { OtelSpan, OtelTraceState } from './otel-span.ts';

const BITS = 56;
const ALL = 2 ** BITS;

/**
 * A view of the span whose tracestate says with what probability it was kept, `ot=th:<threshold>` of the OpenTelemetry
 * specification (trace/tracestate-probability-sampling): backends rescale counts by it. The span itself is untouched.
 */
export function withRate<S extends OtelSpan>(span: S, rate: number): S {
  const context = span.spanContext();
  const traceState = withThreshold(context.traceState, rate);
  const marked = { ...context, traceState };
  return Object.create(span, { spanContext: { value: () => marked } }) as S;
}

function withThreshold(before: OtelTraceState | undefined, rate: number): OtelTraceState {
  const others = (before?.get('ot') ?? '')
    .split(';')
    .filter((part) => part !== '' && !part.startsWith('th:'));
  const earlier = /(?:^|;)th:([0-9a-f]{1,14})(?:;|$)/.exec(before?.get('ot') ?? '')?.[1];
  // An earlier sampler's rate and ours multiply: ours goes by a hash of its own.
  const total = rate * (earlier === undefined ? 1 : 1 - Number.parseInt(earlier.padEnd(14, '0'), 16) / ALL);
  const value = [`th:${threshold(total)}`, ...others].join(';');
  return before === undefined ? new OneEntry(value) : before.set('ot', value);
}

/** The share that is rejected, as a fraction of 2^56 in hexadecimal without trailing zeros. */
function threshold(rate: number): string {
  const rejected = Math.round((1 - rate) * ALL)
    .toString(16)
    .padStart(14, '0');
  return rejected.replace(/0+$/, '') || '0';
}

/** A tracestate with nothing but `ot`, where the span had none: the API's own would have to be loaded. */
class OneEntry implements OtelTraceState {
  readonly #entries: ReadonlyMap<string, string>;

  constructor(ot: string | ReadonlyMap<string, string>) {
    this.#entries = typeof ot === 'string' ? new Map([['ot', ot]]) : ot;
  }

  get(key: string): string | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: string): OtelTraceState {
    // The specification puts what was changed last in front.
    return new OneEntry(new Map([[key, value], ...[...this.#entries].filter(([name]) => name !== key)]));
  }

  unset(key: string): OtelTraceState {
    return new OneEntry(new Map([...this.#entries].filter(([name]) => name !== key)));
  }

  serialize(): string {
    return [...this.#entries].map(([key, value]) => `${key}=${value}`).join(',');
  }
}
