import type { TraceSort } from '../../../src/workbench/api/types.ts';

/** The columns of the list of traces that may be hidden; the name always shows. */
export const COLUMNS = [
  'time',
  'service',
  'status',
  'duration',
  'spans',
  'llm',
  'tokens',
  'cost',
  'evaluations',
] as const;
export type Column = (typeof COLUMNS)[number];

const SORTS = ['time', 'duration', 'spans', 'errors', 'tokens'] as const satisfies readonly TraceSort[];

/** What the address of the list of traces says. */
export interface TraceFilters {
  readonly q: string;
  /** '' for no bound, a time since now such as `-15m`, or a time in ISO 8601. */
  readonly from: string;
  readonly to: string;
  readonly sort: TraceSort;
  readonly cols: readonly Column[];
  /** Trace shown beside the list, or ''. */
  readonly peek: string;
  readonly live: boolean;
}

const RELATIVE = /^-(\d{1,5})([smhd])$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads an address; what it does not understand counts as absent. */
export function readFilters(search: string): TraceFilters {
  const params = new URLSearchParams(search);
  const sort = SORTS.find((name) => name === params.get('sort')) ?? 'time';
  const cols = params.get('cols');
  return {
    q: params.get('q') ?? '',
    from: validTime(params.get('from')),
    to: validTime(params.get('to')),
    sort,
    cols: cols === null ? COLUMNS : COLUMNS.filter((name) => cols.split(',').includes(name)),
    peek: /^[0-9a-f]{32}$/.test(params.get('peek') ?? '') ? params.get('peek')! : '',
    live: params.get('live') !== '0',
  };
}

const validTime = (text: string | null): string =>
  text !== null && (RELATIVE.test(text) || !Number.isNaN(Date.parse(text))) ? text : '';

/** The address of filters: `?…`, or '' when everything is as by default. */
export function writeFilters(filters: TraceFilters): string {
  const params = new URLSearchParams();
  if (filters.q !== '') params.set('q', filters.q);
  if (filters.from !== '') params.set('from', filters.from);
  if (filters.to !== '') params.set('to', filters.to);
  if (filters.sort !== 'time') params.set('sort', filters.sort);
  if (filters.cols.length !== COLUMNS.length) params.set('cols', filters.cols.join(','));
  if (filters.peek !== '') params.set('peek', filters.peek);
  if (!filters.live) params.set('live', '0');
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** Milliseconds since the epoch of a bound; undefined for none. */
function boundMs(text: string, nowMs: number): number | undefined {
  const relative = RELATIVE.exec(text);
  if (relative !== null) return nowMs - Number(relative[1]) * UNIT_MS[relative[2] as keyof typeof UNIT_MS];
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The same filters with absolute bounds: what is shared must still show the same tomorrow. */
export function absolute(filters: TraceFilters, nowMs: number): TraceFilters {
  const fixed = (text: string): string => {
    const ms = boundMs(text, nowMs);
    return ms === undefined ? '' : new Date(ms).toISOString();
  };
  const to = filters.to === '' && filters.from !== '' ? new Date(nowMs).toISOString() : fixed(filters.to);
  return { ...filters, from: fixed(filters.from), to };
}

/** The query of `GET /api/traces` for these filters. */
export function tracesQuery(filters: TraceFilters, nowMs: number, limit: number, cursor?: string): string {
  const params = new URLSearchParams({ limit: String(limit) });
  const from = boundMs(filters.from, nowMs);
  const to = boundMs(filters.to, nowMs);
  if (filters.q.trim() !== '') params.set('q', filters.q);
  if (from !== undefined) params.set('from', String(from));
  if (to !== undefined) params.set('to', String(to));
  if (filters.sort !== 'time') params.set('sort', filters.sort);
  if (cursor !== undefined) params.set('cursor', cursor);
  return params.toString();
}
