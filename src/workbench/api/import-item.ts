import { DEFAULT_DECODE_LIMITS } from '../../wire/datadog/decode-error.ts';
import { type Fields, isFields } from '../../wire/datadog/decode-values.ts';
import { parseJson } from '../http/json.ts';
import { maskAttributes, maskDatadogDetail, maskEvent, maskMessage, maskMetric } from '../intake/mask.ts';
import { otlpRows } from '../intake/rows.ts';
import type { EvaluationRow, LlmSpanRow, LogRow, Rows, SpanRow } from '../store/store.ts';

type Lists = { -readonly [K in keyof Rows]-?: NonNullable<Rows[K]>[number][] };

const MAX_TEXT_CHARS = 64 * 1024;

/** Reads columns of a row that came from outside: every type is looked at, since the store takes them as they are. */
class Columns {
  readonly #row: Fields;

  constructor(row: Fields) {
    this.#row = row;
  }

  text(name: string, pattern?: RegExp): string {
    const value = this.#row[name];
    if (typeof value !== 'string' || value.length > MAX_TEXT_CHARS || pattern?.test(value) === false)
      throw new Error(`${name} is not what an export writes`);
    return value;
  }

  integer(name: string): number {
    const value = this.#row[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw new Error(`${name} is not a whole number`);
    return value;
  }

  numberOrNull(name: string): number | null {
    const value = this.#row[name];
    if (value !== null && (typeof value !== 'number' || !Number.isFinite(value)))
      throw new Error(`${name} is neither a number nor null`);
    return value;
  }

  integerOrNull(name: string): number | null {
    return this.#row[name] === null ? null : this.integer(name);
  }

  flag(name: string): boolean {
    const value = this.#row[name];
    if (typeof value !== 'boolean') throw new Error(`${name} is neither true nor false`);
    return value;
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const found = words.find((word) => word === this.#row[name]);
    if (found === undefined) throw new Error(`${name} is none of ${words.join(', ')}`);
    return found;
  }

  /** JSON that goes out as it stands; looked through like any payload. */
  json(name: string): { readonly text: string; readonly value: unknown } {
    const text = this.#row[name];
    if (typeof text !== 'string') throw new Error(`${name} is not JSON in a text`);
    return { text, value: parseJson(Buffer.from(text), DEFAULT_DECODE_LIMITS, false) };
  }
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const MAYBE_TRACE_ID = /^(?:[0-9a-f]{32})?$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const MAYBE_SPAN_ID = /^(?:[0-9a-f]{16})?$/;
const SOURCES = ['datadog', 'otlp'] as const;

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

function span(c: Columns): SpanRow {
  return {
    traceId: c.text('traceId', TRACE_ID),
    spanId: c.text('spanId', SPAN_ID),
    parentId: c.text('parentId', MAYBE_SPAN_ID),
    service: c.text('service'),
    name: c.text('name'),
    resource: c.text('resource'),
    startUs: c.integer('startUs'),
    durationNs: c.integer('durationNs'),
    error: c.flag('error'),
    detail: c.json('detail').text,
  };
}

function llmSpan(c: Columns, masked: boolean): LlmSpanRow {
  const event = c.json('event');
  return {
    traceId: c.text('traceId'),
    spanId: c.text('spanId'),
    parentId: c.text('parentId'),
    spanHex: c.text('spanHex', MAYBE_SPAN_ID),
    apmTraceId: c.text('apmTraceId', MAYBE_TRACE_ID),
    source: c.oneOf('source', SOURCES),
    derived: false,
    name: c.text('name'),
    kind: c.text('kind'),
    model: c.text('model'),
    provider: c.text('provider'),
    mlApp: c.text('mlApp'),
    startUs: c.integer('startUs'),
    durationNs: c.integer('durationNs'),
    error: c.flag('error'),
    inputTokens: c.integerOrNull('inputTokens'),
    outputTokens: c.integerOrNull('outputTokens'),
    totalTokens: c.integerOrNull('totalTokens'),
    costUsd: c.numberOrNull('costUsd'),
    inputPreview: masked ? '' : c.text('inputPreview'),
    outputPreview: masked ? '' : c.text('outputPreview'),
    event: masked ? JSON.stringify(maskEvent(fieldsOf(event.value))) : event.text,
  };
}

function evaluation(c: Columns, masked: boolean): EvaluationRow {
  const metric = c.json('metric');
  const metricType = c.text('metricType');
  return {
    label: c.text('label'),
    metricType,
    value: masked && metricType === 'json' ? '{}' : c.json('value').text,
    score: c.numberOrNull('score'),
    assessment: c.oneOf('assessment', ['', 'pass', 'fail']),
    decision: c.text('decision'),
    audit: c.flag('audit'),
    reasoning: masked ? '' : c.text('reasoning'),
    traceId: c.text('traceId'),
    spanId: c.text('spanId'),
    spanHex: c.text('spanHex', MAYBE_SPAN_ID),
    mlApp: c.text('mlApp'),
    timestampMs: c.integer('timestampMs'),
    source: c.oneOf('source', SOURCES),
    derived: false,
    metric: masked ? JSON.stringify(maskAttributes(maskMetric(fieldsOf(metric.value)))) : metric.text,
  };
}

function log(c: Columns, masked: boolean): LogRow {
  const message = c.text('message');
  return {
    timeUs: c.integer('timeUs'),
    level: Math.min(6, Math.max(1, c.integer('level'))),
    service: c.text('service'),
    message: masked ? maskMessage(message) : message,
    traceId: c.text('traceId', MAYBE_TRACE_ID),
    spanId: c.text('spanId', MAYBE_SPAN_ID),
    source: c.oneOf('source', ['otlp', 'datadog', 'json']),
    attributes: masked ? '{}' : c.json('attributes').text,
  };
}

/**
 * Adds one line of an export to the lists of its protocol.
 *
 * @throws Error when it is none
 */
export function readItem(
  value: unknown,
  lists: { readonly datadog: Lists; readonly otlp: Lists },
  masked: boolean,
): void {
  if (!isFields(value) || !isFields(value['row'])) throw new Error('a line is not { kind, row }');
  const c = new Columns(value['row']);
  switch (value['kind']) {
    case 'span': {
      const row = span(c);
      if (c.oneOf('source', SOURCES) === 'datadog') {
        const detail = masked
          ? JSON.stringify(maskDatadogDetail(fieldsOf(c.json('detail').value)))
          : row.detail;
        lists.datadog.spans.push({ ...row, detail });
        return;
      }
      const {
        spans = [],
        llmSpans = [],
        evaluations = [],
      } = otlpRows({ items: [row], rejected: 0, reasons: [] }, masked);
      lists.otlp.spans.push(...spans);
      lists.otlp.llmSpans.push(...llmSpans);
      lists.otlp.evaluations.push(...evaluations);
      return;
    }
    case 'llmSpan':
      lists.datadog.llmSpans.push(llmSpan(c, masked));
      return;
    case 'evaluation':
      lists.datadog.evaluations.push(evaluation(c, masked));
      return;
    case 'log':
      lists.datadog.logs.push(log(c, masked));
      return;
    default:
      throw new Error('kind is none of span, llmSpan, evaluation, log');
  }
}
