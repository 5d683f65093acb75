/** A line of the service's output, read as far as it is JSON. */
export interface LogLine {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The lines that are JSON objects. */
export function readLogLines(lines: readonly string[]): LogLine[] {
  return lines.flatMap((text) => {
    if (!text.startsWith('{')) return [];
    try {
      return [{ text, fields: JSON.parse(text) as Record<string, unknown> }];
    } catch {
      return []; // Looks like one and is none, or was cut.
    }
  });
}

/** The last record of that name that Keepspan wrote. */
export function recordIn(log: readonly LogLine[], name: string): LogLine | undefined {
  return log.findLast(({ fields }) => fields['msg'] === name);
}

/** The ids in a line: what dd-trace writes under `dd`, and the W3C ones beside it. */
export interface LineIds {
  readonly line: LogLine;
  /** Lower 64 bits of the trace id, 16 hex digits. */
  readonly trace: string;
  /** 16 hex digits. */
  readonly span: string;
}

const HEX = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i;

export function idsIn(line: LogLine): LineIds | undefined {
  const { fields } = line;
  const dd = (typeof fields['dd'] === 'object' ? fields['dd'] : null) as Record<string, unknown> | null;
  const trace = half(dd?.['trace_id'] ?? fields['dd.trace_id'] ?? fields['trace_id'] ?? fields['traceId']);
  const span = half(dd?.['span_id'] ?? fields['dd.span_id'] ?? fields['span_id'] ?? fields['spanId']);
  return trace === undefined || span === undefined ? undefined : { line, trace, span };
}

/** Decimal or hexadecimal, 64 or 128 bits: the lower half as 16 hex digits. */
function half(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || /^0+$/.test(value)) return undefined;
  if (HEX.test(value) && !(value.length === 16 && /^\d+$/.test(value) && value.startsWith('1')))
    return value.slice(-16).toLowerCase();
  if (!/^\d{1,20}$/.test(value)) return undefined;
  return BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, '0');
}

const PINO_LEVELS = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

/** Level in words and in small letters; '' where the line says none. */
export function levelIn({ fields }: LogLine): string {
  const level = fields['level'] ?? fields['severity'];
  if (typeof level === 'number') return PINO_LEVELS.get(level) ?? '';
  return typeof level === 'string' ? level.toLowerCase().replace('warning', 'warn') : '';
}

/** Name of the logger; '' where the line says none. */
export function loggerIn({ fields }: LogLine): string {
  const name = fields['logger'] ?? fields['name'] ?? fields['namespace'];
  return typeof name === 'string' ? name : '';
}
