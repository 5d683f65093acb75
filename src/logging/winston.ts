import type { Correlation, FindCorrelation } from '../contracts/correlation.ts';

/** What winston takes as a format: `format.combine(winstonCorrelation(), format.json())`. */
export interface WinstonFormat {
  /** Changes the record in place. */
  transform<Info extends object>(info: Info): Info;
}

/**
 * A winston format that adds `dd`, `trace_id` and `span_id`. dd-trace adds `dd` of its own accord before formats run:
 * then that one stays, and the other ids are taken from it, so that a line never names two spans.
 */
export function winstonCorrelation(find: FindCorrelation, logsInjection: boolean): WinstonFormat {
  return {
    transform<Info extends object>(record: Info): Info {
      const info = record as Record<string, unknown>;
      const present = fromDatadog(info['dd']);
      const correlation = present ?? find();
      if (correlation === undefined) return record;
      if (!('dd' in info) && logsInjection && correlation.dd !== undefined) info['dd'] = correlation.dd;
      if (!('trace_id' in info) && correlation.traceId !== undefined) {
        info['trace_id'] = correlation.traceId;
        info['span_id'] = correlation.spanId;
      }
      return record;
    },
  };
}

/** The W3C form of ids that are there in Datadog's; undefined where they cannot be turned into it. */
function fromDatadog(dd: unknown): Correlation | undefined {
  const { trace_id: trace, span_id: span } = Object(dd) as { trace_id?: unknown; span_id?: unknown };
  if (typeof trace !== 'string' || typeof span !== 'string') return undefined;
  if (!/^[0-9a-f]{32}$/.test(trace) || !/^\d{1,20}$/.test(span)) return undefined;
  return { traceId: trace, spanId: BigInt(span).toString(16).padStart(16, '0'), dd: undefined };
}
