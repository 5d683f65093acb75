import { computed, signal } from '@preact/signals';
import type { LiveCounts, ProvidedRow, SettingsJson } from '../../../src/workbench/api/types.ts';
import { type Arrivals, arrivalsOf, gapOf, type Kind, KINDS } from '../lib/ledger.ts';
import { alertRows } from '../lib/rows.ts';
import { fieldsOf, isFields, numberOf, textOf } from '../lib/fields.ts';
import { type ApiError, asApiError, getJson } from './client.ts';
import { param } from './location.ts';

/** What the workbench says of itself. */
export interface Health {
  readonly datadogUrl: string;
  readonly otlpUrl: string;
  readonly storedBytes: number;
  readonly maxStoredBytes: number;
  readonly failedRequests: number;
  readonly lastFailure: string;
  readonly lastRejections: readonly {
    readonly atMs: number;
    readonly kind: string;
    readonly reason: string;
  }[];
}

const POLL_MS = 2000;
/** Polls from one look at settings and alerts to the next. */
const SLOWLY = 5;
const TICK_MS = 1000;
/** Samples of the ingest rate: a minute. */
const SAMPLES = 30;

export const ledger = signal<Readonly<Record<Kind, Arrivals>> | undefined>(undefined);
export const health = signal<Health | undefined>(undefined);
export const settings = signal<SettingsJson | undefined>(undefined);
/** Alerts that fire; undefined while nothing is known of them. */
export const firing = signal<number | undefined>(undefined);
export const unreachable = signal<ApiError | undefined>(undefined);
export const lastGoodMs = signal<number | undefined>(undefined);
/** Signals a second, oldest first. */
export const rates = signal<readonly number[]>([]);
/** Rises when something arrived and updates are not paused. */
export const tick = signal(0);
/** Traces that came while paused. */
export const missed = signal(0);
/** Wall-clock now, for ages; a step every poll. */
export const now = signal(Date.now());

/** Updates are paused; in the address, so that a shared view stands still too. */
export const paused = computed(() => param('live') === '0');

const totalOf = (counts: Readonly<Record<Kind, Arrivals>>): number =>
  KINDS.reduce((sum, kind) => sum + counts[kind].received, 0);

/** Signals that were refused or that no count holds: what must not be. */
export const losses = computed(() => {
  const counts = ledger.value;
  if (counts === undefined) return undefined;
  const rejected = KINDS.reduce((sum, kind) => sum + counts[kind].rejected, 0);
  const gap = KINDS.reduce((sum, kind) => sum + Math.abs(gapOf(counts[kind])), 0);
  const forward = settings.value?.forward;
  return { rejected, gap, notForwarded: forward == null ? 0 : forward.refused + forward.dropped };
});

function healthOf(value: unknown): Health {
  const fields = fieldsOf(value);
  const rejections = Array.isArray(fields['lastRejections']) ? fields['lastRejections'].filter(isFields) : [];
  return {
    datadogUrl: textOf(fields['datadogUrl']),
    otlpUrl: textOf(fields['otlpUrl']),
    storedBytes: numberOf(fields['storedBytes']) ?? 0,
    maxStoredBytes: numberOf(fields['maxStoredBytes']) ?? 0,
    failedRequests: numberOf(fields['failedRequests']) ?? 0,
    lastFailure: textOf(fields['lastFailure']),
    lastRejections: rejections.map((one) => ({
      atMs: numberOf(one['atMs']) ?? 0,
      kind: textOf(one['kind']),
      reason: textOf(one['reason']),
    })),
  };
}

async function firingNow(): Promise<number | undefined> {
  try {
    const { alerts } = await getJson<{ readonly alerts: readonly ProvidedRow[] }>('/api/alerts');
    return alertRows(alerts).filter(({ state }) => state === 'firing').length;
  } catch {
    return undefined; // The page of alerts says why; the workbench as a whole answers.
  }
}

let polls = 0;
let lastTotal: { readonly atMs: number; readonly total: number } | undefined;
let dirty = false;

async function poll(): Promise<void> {
  try {
    const [counts, state] = await Promise.all([
      getJson<unknown>('/api/ledger'),
      getJson<unknown>('/api/health'),
    ]);
    const before = lastTotal;
    ledger.value = arrivalsOf(counts);
    health.value = healthOf(state);
    lastTotal = { atMs: performance.now(), total: totalOf(ledger.value) };
    if (before !== undefined) {
      const rate = Math.max(0, (lastTotal.total - before.total) / ((lastTotal.atMs - before.atMs) / 1000));
      rates.value = [...rates.value, rate].slice(-SAMPLES);
      if (lastTotal.total !== before.total) dirty = true;
    }
    // What failed meanwhile is asked for again, whether anything arrived or not.
    if (unreachable.value !== undefined) dirty = true;
    if (polls % SLOWLY === 0) {
      settings.value = await getJson<SettingsJson>('/api/settings');
      firing.value = await firingNow();
    }
    polls += 1;
    unreachable.value = undefined;
    lastGoodMs.value = Date.now();
  } catch (error) {
    unreachable.value = asApiError(error);
  }
  now.value = Date.now();
}

/** Starts what keeps the page up to date: a poll of the counts, and the stream of what is new. Returns the uninstaller. */
export function startLive(): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async (): Promise<void> => {
    if (!document.hidden) await poll();
    if (!stopped) timer = setTimeout(() => void again(), POLL_MS);
  };
  void again();

  // Lists are asked for again at most once a second, however fast things arrive.
  const ticker = setInterval(() => {
    if (!dirty || paused.value || document.hidden) return;
    dirty = false;
    missed.value = 0;
    tick.value += 1;
  }, TICK_MS);

  const stream = new EventSource('/api/live');
  const onCounts = (event: MessageEvent<string>): void => {
    dirty = true;
    if (!paused.value) return;
    const { newTraces } = JSON.parse(event.data) as LiveCounts;
    missed.value += newTraces.length;
  };
  stream.addEventListener('counts', onCounts);
  return () => {
    stopped = true;
    clearTimeout(timer);
    clearInterval(ticker);
    stream.close();
  };
}
