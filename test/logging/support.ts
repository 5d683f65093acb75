import type { Correlation } from '../../src/contracts/correlation.ts';
import { createLogging } from '../../src/logging/logging.ts';
import type { Logging, LoggingInput } from '../../src/logging/logging.ts';

export interface Lines {
  readonly logging: Logging;
  readonly raw: string[];
  /** Each line, parsed: throws when one is no JSON object. */
  records(): Record<string, unknown>[];
  active: Correlation | undefined;
}

export const SPAN: Correlation = {
  traceId: '6721b8ab00000000abcdef0123456789',
  spanId: '112210f47de98115',
  dd: { trace_id: '6721b8ab00000000abcdef0123456789', span_id: '1234567890123456789', service: 's' },
};

/** Loggers whose lines are kept, with the active span as a variable. */
export function lines(
  settings: Partial<LoggingInput['settings']> = {},
  rest: Partial<Omit<LoggingInput, 'settings'>> = {},
): Lines {
  const raw: string[] = [];
  const kept: Lines = {
    raw,
    active: undefined,
    records: () => raw.map((line) => JSON.parse(line) as Record<string, unknown>),
    logging: createLogging({
      settings: {
        profile: 'production',
        logLevel: 'info',
        logLevels: undefined,
        service: 'orders',
        env: 'prod',
        version: '1.2.3',
        logsInjection: true,
        ...settings,
      },
      destination: { write: (line) => void raw.push(line) },
      correlation: () => kept.active,
      secrets: [],
      content: false,
      ...rest,
    }),
  };
  return kept;
}
