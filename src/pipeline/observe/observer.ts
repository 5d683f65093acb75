import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startCountingProxy } from '../../hosts/counting-proxy.ts';
import { agentUrl } from '../../settings/agent-url.ts';
import type { Loaded } from '../../settings/load.ts';
import { kindOfPath } from './count-body.ts';
import { readPages } from './page.ts';
import { observeReport, type ObserveReport } from './report.ts';
import { SentTally } from './tally.ts';

/** Counts a service from outside: on its way to the Agent, and on pages that its processes write. */
export interface Observer {
  /** What the service is told as the address of its Agent. */
  readonly agentUrl: string;
  /** The real one. */
  readonly upstream: string;
  /** Where the processes of the service keep their pages. */
  readonly pages: string;
  report(ended: boolean): ObserveReport;
  /** Waits for the answers that are on their way, at most `timeoutMs`. */
  settle(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

const POLL_MS = 20;

/** dd-trace sends every second or two: a shorter silence says nothing about the address. */
const SILENT_MS = 5000;

/** @throws what listening on a loopback port or making a temporary directory throws */
export async function startObserver({ settings, origins }: Loaded): Promise<Observer> {
  const upstream = agentUrl(settings);
  const tally = new SentTally();
  const startMs = performance.now();
  let reached = false;
  // What the tracer was told itself: our own defaults do not reach an unmodified service.
  const told = origins.agentless === 'environment' ? settings.agentless : undefined;
  let agentless = told === true;
  const proxy = await startCountingProxy({
    upstream,
    isCounted: (path) => {
      reached = true;
      return kindOfPath(path) !== undefined;
    },
    onSent: (path, body) => tally.sent(path, body),
    onInfo: (body) => {
      // dd-trace asks once; without an answer that names the proxy it goes past the Agent for the rest of its life.
      if (told === undefined) agentless = body === undefined || !body.includes('/evp_proxy/v');
    },
  });
  const pages = mkdtempSync(join(tmpdir(), 'keepspan-observe-'));
  return {
    agentUrl: proxy.url,
    upstream,
    pages,
    report: (ended) =>
      observeReport({
        pages: readPages(pages),
        sent: (kind) => tally.counts(kind),
        ended,
        agentless,
        unreadable: tally.unreadable,
        reached: reached || performance.now() - startMs < SILENT_MS,
      }),
    async settle(timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      while (proxy.inFlight() > 0 && performance.now() < deadlineMs) await pause(POLL_MS);
    },
    async close() {
      await proxy.close();
      rmSync(pages, { recursive: true, force: true });
    },
  };
}
