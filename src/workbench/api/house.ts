import { statSync } from 'node:fs';
import { jsonReply, type Reply, type Route } from '../http/route.ts';
import { readLedgers, type JournalLedger } from '../../pipeline/ledger-view.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Notes } from '../intake/notes.ts';
import type { Store } from '../store/store.ts';
import type { ForwardStatus, ProcessesJson, ProvidedRow, SettingsJson } from './types.ts';

/** What the API tells about the workbench itself. */
export interface HouseContext {
  readonly store: Store;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly datadogUrl: () => string;
  readonly otlpUrl: () => string;
  readonly databaseFile: string | undefined;
  readonly maxStoredBytes: number;
  readonly maxAgeMs: number | undefined;
  readonly journal: string | undefined;
  readonly forward: () => ForwardStatus | undefined;
  /** Monotonic milliseconds since the start. */
  readonly uptimeMs: () => number;
  readonly alerts: (() => readonly ProvidedRow[] | Promise<readonly ProvidedRow[]>) | undefined;
  readonly checklist: (() => readonly ProvidedRow[] | Promise<readonly ProvidedRow[]>) | undefined;
  readonly settings: () => Pick<SettingsJson, 'bind' | 'auth' | 'masked' | 'limits'>;
}

/** A journal is read from its files: not more often than this. */
const JOURNAL_AGE_MS = 1_000;

type Read = { readonly ledger: JournalLedger } | { readonly error: string };

/** The ledger of a journal directory, read at most once a second. */
export class JournalView {
  readonly #directory: string | undefined;
  readonly #clock: Clock;
  #read: { readonly atMs: number; readonly value: Read } | undefined;

  constructor(directory: string | undefined, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** Spans that processes of this journal sampled out; null without a journal, or when it cannot be read. */
  sampledOut(): number | null {
    const read = this.#now();
    return read !== undefined && 'ledger' in read ? read.ledger.ledger.spans.sampledOut : null;
  }

  processes(): ProcessesJson {
    const journal = this.#directory ?? null;
    const none = { journal, ledger: null, maybeTwice: 0, processes: [], closedProcesses: 0, error: null };
    const read = this.#now();
    if (read === undefined) return none;
    if ('error' in read) return { ...none, error: read.error };
    const { ledger, maybeTwice, writers, closedWriters } = read.ledger;
    return { journal, ledger, maybeTwice, processes: writers, closedProcesses: closedWriters, error: null };
  }

  #now(): Read | undefined {
    if (this.#directory === undefined) return undefined;
    const now = this.#clock.now();
    if (this.#read === undefined || now - this.#read.atMs >= JOURNAL_AGE_MS) {
      let value: Read;
      try {
        value = { ledger: readLedgers(this.#directory) };
      } catch (error) {
        value = { error: (error as Error).message }; // Shown: the directory may come later.
      }
      this.#read = { atMs: now, value };
    }
    return this.#read.value;
  }
}

function fileBytes(file: string | undefined, { bodyBytes }: Store): number | null {
  if (file === undefined) return null;
  return [file, `${file}-wal`].reduce(
    (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
    bodyBytes,
  );
}

function health({ store, notes, ...context }: HouseContext): Reply {
  const forward = context.forward();
  const isGood = notes.failedRequests === 0 && forward?.status !== 'failing';
  return jsonReply(200, {
    status: isGood ? 'ok' : 'degraded',
    datadogUrl: context.datadogUrl(),
    otlpUrl: context.otlpUrl(),
    uptimeMs: Math.round(context.uptimeMs()),
    database: context.databaseFile === undefined ? 'memory' : 'file',
    storedBytes: store.storedBytes,
    maxStoredBytes: context.maxStoredBytes,
    refusedRequests: notes.refusedRequests,
    failedRequests: notes.failedRequests,
    lastFailure: notes.lastFailure ?? null,
    passedThrough: notes.passedThrough,
    lastRejections: notes.lastRejections,
    forward: forward ?? null,
  });
}

function settings(context: HouseContext): Reply {
  const { databaseFile, maxStoredBytes, maxAgeMs = null, store, journal = null } = context;
  const answer: SettingsJson = {
    database: { path: databaseFile ?? null, fileBytes: fileBytes(databaseFile, store) },
    retention: { maxStoredBytes, storedBytes: store.storedBytes, maxAgeMs },
    forward: context.forward() ?? null,
    journal,
    ...context.settings(),
  };
  return jsonReply(200, answer);
}

/** Counts, health, settings, the processes' own ledgers, and what others provide. */
export function houseRoutes(context: HouseContext, journal: JournalView): readonly Route[] {
  const get = (template: string, handle: Route['handle']): Route => ({ template, methods: ['GET'], handle });
  return [
    get('/api/ledger', () => jsonReply(200, context.store.ledger())),
    get('/api/health', () => health(context)),
    get('/api/settings', () => settings(context)),
    get('/api/processes', () => jsonReply(200, journal.processes())),
    get('/api/alerts', async () => jsonReply(200, { alerts: (await context.alerts?.()) ?? [] })),
  ];
}
