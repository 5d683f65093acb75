import type { AnswerReport, BatchEncoder, PendingRecord } from '../../contracts/delivery.ts';
import type { Judge } from '../../contracts/sampling.ts';
import { createJsonEncoder, JSON_LIMITS, type JsonLimits } from './encode-json.ts';
import type { DatadogTarget } from './encode-target.ts';
import { createTraceEncoder, splitTraces, TRACE_LIMITS, type TraceLimits } from './encode-traces.ts';
import { evaluatedSpan } from './evaluated-span.ts';
import { createThinner } from './thin-traces.ts';

/** What the Agent answered to a trace request. */
export interface AgentAnswer {
  /** Sampling rates the Agent wants, by `service:<name>,env:<env>`. */
  readonly rateByService: Readonly<Record<string, number>>;
}

export interface DatadogEncoderOptions {
  /** Where LLM spans and evaluations go; asked for every request, so that a rotated key is used at once. */
  readonly target: () => DatadogTarget;
  /** Address of the Agent, where traces go in either mode: `http:`, `https:` or `unix:`. */
  readonly agentUrl: () => string;
  readonly limits?: { readonly json?: JsonLimits; readonly traces?: TraceLimits };
  /** Called for each answer that carries sampling rates. Must not throw. */
  readonly onAnswer?: (answer: AgentAnswer) => void;
  /** Decides on traces; absent: all are sent. */
  readonly judge?: Judge;
  /** Called with the id of each span that an evaluation is about. Must not throw. */
  readonly onEvaluated?: (spanId: bigint) => void;
}

const NONE_REJECTED: AnswerReport = { rejected: 0 };

/**
 * Makes Datadog requests of records: traces to the Agent, LLM spans and evaluations to the Agent's proxy or
 * straight to the intake. All records of one call are of one kind. Payloads and preambles by kind:
 *
 * - `llmSpans`: the JSON text of one event; preamble `{ "v": tracer version, "headers"?: {…} }`; flag 1 = experiments.
 * - `evaluations`: the JSON text of one metric; preamble `{ "headers"?: {…} }` or empty.
 * - `spans`: the msgpack body of a trace request, flag 2 = v0.4, flag 4 = v0.5; preamble
 *   `{ "path": "/v0.4/traces", "headers": {…} }` with what the tracer sent.
 */
export function createDatadogEncoder(options: DatadogEncoderOptions): BatchEncoder {
  const json = options.limits?.json ?? JSON_LIMITS;
  const { judge, onEvaluated } = options;
  const thinner = judge === undefined ? undefined : createThinner(judge);
  const encoders = {
    spans: createTraceEncoder(options.agentUrl, options.limits?.traces ?? TRACE_LIMITS, thinner),
    llmSpans: createJsonEncoder('llmSpans', options.target, json),
    evaluations: createJsonEncoder('evaluations', options.target, json),
  };
  return {
    encode(records) {
      const [first] = records;
      if (first === undefined) throw new RangeError('no records to encode');
      if (first.kind === 'evaluations' && onEvaluated !== undefined) {
        for (const { payload } of records) {
          const spanId = evaluatedSpan(payload);
          if (spanId !== undefined) onEvaluated(spanId);
        }
      }
      return encoders[first.kind](records);
    },
    split: (record: PendingRecord) => (record.kind === 'spans' ? splitTraces(record, thinner) : [record]),
    answered(body) {
      const rateByService = ratesIn(body);
      if (rateByService !== undefined) options.onAnswer?.({ rateByService });
      return NONE_REJECTED;
    },
  };
}

/** Rates are advice: an answer without them, cut off or not JSON at all (`OK` of older Agents), leaves the last ones. */
function ratesIn(body: string): Readonly<Record<string, number>> | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const { rate_by_service: rates } = JSON.parse(body) as { readonly rate_by_service?: unknown };
    if (typeof rates !== 'object' || rates === null) return undefined;
    return Object.fromEntries(
      Object.entries(rates).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    );
  } catch {
    return undefined;
  }
}
