/** Levels as OpenTelemetry ranges them: 1 trace to 6 fatal. */
const BY_NAME: Readonly<Record<string, number>> = {
  trace: 1,
  verbose: 1,
  silly: 1,
  debug: 2,
  info: 3,
  information: 3,
  http: 3,
  notice: 3,
  log: 3,
  ok: 3,
  success: 3,
  warn: 4,
  warning: 4,
  error: 5,
  err: 5,
  fatal: 6,
  critical: 6,
  crit: 6,
  alert: 6,
  emergency: 6,
  emerg: 6,
};

const INFO = 3;
const HIGHEST = 6;

/** Of a name in any case, or of pino's and bunyan's numbers (10 to 60); info when it is neither. */
export function levelOf(value: unknown): number {
  if (typeof value === 'number') return Math.min(HIGHEST, Math.max(1, Math.round(value / 10)));
  return typeof value === 'string' ? (BY_NAME[value.toLowerCase()] ?? INFO) : INFO;
}

/** Of OTLP's severity numbers, four to a level; 0 is unspecified. */
export function levelOfSeverity(severity: number, text: string): number {
  if (severity < 1) return levelOf(text);
  return Math.min(HIGHEST, Math.ceil(severity / 4));
}
