import { formatProblem } from './format.ts';
import type { Row } from './row.ts';
import { rulesProblem } from './rules.ts';

/** What a text or an option means, or why it means nothing. */
export type Parsed =
  | { readonly ok: true; readonly value: boolean | number | string }
  | { readonly ok: false; readonly why: string; readonly outOfRange?: true };

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `M` is a million and `Mi` 2^20, as in Kubernetes; `MB` and `MiB` likewise. */
const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
};

/** Reads one value. An option may be of the setting's own type or a text; a variable is a text. Never throws. */
export function parseValue(row: Row, raw: unknown, nowMs: number = Date.now()): Parsed {
  if (typeof raw !== 'string') return parseTyped(row, raw);
  const text = raw.trim();
  switch (row.kind) {
    case 'boolean':
      return parseBoolean(text);
    case 'integer':
      return /^[+-]?\d+$/.test(text) ? inRange(row, Number(text)) : no('it is not a whole number');
    case 'number':
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? inRange(row, Number(text)) : no('it is not a number');
    case 'duration':
      return scaled(row, text, DURATION_MS, 'ms', 'a duration such as 25000, 25s or 24h');
    case 'bytes':
      return scaled(
        row,
        text.replace(/(?<=[kmgi])b$/i, ''),
        BYTES,
        'b',
        'a size such as 536870912 or 512MiB',
      );
    case 'enum':
      return parseEnum(row, text);
    case 'url':
      return parseUrl(text, ['http:', 'https:']);
    case 'agentUrl':
      return parseUrl(text, ['http:', 'https:', 'unix:']);
    case 'rules': {
      const why = rulesProblem(text);
      return why === undefined ? yes(text) : no(why);
    }
    case 'instant':
      return parseInstant(text, nowMs);
    case 'path':
      return text.includes('\0') ? no('it holds a NUL character') : yes(text);
    case 'string': {
      // A line break would end a header or a tag.
      const why = hasControls(text) ? 'it holds control characters' : formatProblem(row.format, text);
      return why === undefined ? yes(text) : no(why);
    }
  }
}

/** Of the category Cc. A loop, for the regular expression is compiled anew in each process, which takes longer. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

function yes(value: boolean | number | string): Parsed {
  return { ok: true, value };
}

function no(why: string): Parsed {
  return { ok: false, why };
}

function parseTyped(row: Row, raw: unknown): Parsed {
  if (typeof raw === 'boolean' && row.kind === 'boolean') return yes(raw);
  if (row.kind === 'rules' && Array.isArray(raw)) return parseValue(row, JSON.stringify(raw));
  if (typeof raw === 'number') {
    if (row.kind === 'integer' || row.kind === 'bytes' || row.kind === 'duration') {
      return Number.isSafeInteger(raw) ? inRange(row, raw) : no('it is not a whole number');
    }
    if (row.kind === 'number')
      return Number.isFinite(raw) ? inRange(row, raw) : no('it is not a finite number');
  }
  return no(`it is of type ${raw === null ? 'null' : typeof raw}`);
}

function parseBoolean(text: string): Parsed {
  const lower = text.toLowerCase();
  if (lower === '1' || lower === 'true') return yes(true);
  if (lower === '0' || lower === 'false') return yes(false);
  return no('it is none of 1, true, 0, false');
}

function parseEnum(row: Row, text: string): Parsed {
  const lower = text.toLowerCase();
  const values = row.values ?? [];
  const value = values.includes(lower) ? lower : aliasOf(row, lower);
  return value === undefined ? no(`it is none of ${values.join(', ')}`) : yes(value);
}

function aliasOf(row: Row, lower: string): string | undefined {
  return row.aliases !== undefined && Object.hasOwn(row.aliases, lower) ? row.aliases[lower] : undefined;
}

function scaled(
  row: Row,
  text: string,
  units: Readonly<Record<string, number>>,
  plain: string,
  wanted: string,
): Parsed {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
  const unit = (match?.[2] ?? '').toLowerCase() || plain;
  if (match === null || !Object.hasOwn(units, unit)) return no(`it is not ${wanted}`);
  return inRange(row, Math.round(Number(match[1]) * (units[unit] ?? Number.NaN)));
}

function inRange(row: Row, value: number): Parsed {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = row;
  if (value < min) return { ok: false, why: `it is below ${min}`, outOfRange: true };
  if (value > max) return { ok: false, why: `it is above ${max}`, outOfRange: true };
  return yes(value);
}

function parseUrl(text: string, protocols: readonly string[]): Parsed {
  const url = URL.parse(text);
  if (url === null) return no('it is not a URL');
  if (!protocols.includes(url.protocol)) return no(`its protocol is none of ${protocols.join(' ')}`);
  return yes(text.replace(/\/+$/, ''));
}

/** Debug that is meant to end must end soon: a day is the most. */
const MAX_AHEAD_MS = 24 * 3_600_000;

function parseInstant(text: string, nowMs: number): Parsed {
  // Without its zone a time means another moment on another machine.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i.test(text)) {
    return no('it is not a moment such as 2030-01-31T16:00:00Z, with its zone');
  }
  const valueMs = Date.parse(text);
  if (Number.isNaN(valueMs)) return no('there is no such moment');
  if (valueMs > nowMs + MAX_AHEAD_MS) {
    return { ok: false, why: 'it is more than 24 hours ahead', outOfRange: true };
  }
  return yes(valueMs);
}
