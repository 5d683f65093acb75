import { setTimeout as pause } from 'node:timers/promises';
import type { Custody } from '../contracts/custody.ts';
import type { UpstreamState } from '../contracts/delivery.ts';
import type { Ledger } from '../contracts/ledger.ts';
import type { NoiseCounts } from '../contracts/sampling.ts';
import type { CustodyHooks, FlushReport, ShutdownReport } from '../contracts/lifecycle.ts';
import type { GuardedJournal } from '../journal/guarded.ts';
import { diesWithPod, type JournalLifetime } from '../journal/lifetime.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { writeRecord } from '../selfmetrics/records.ts';
import { pendingIn } from './process-ledger.ts';
import type { Stack } from './start-stack.ts';

export interface HookParts {
  readonly journal: GuardedJournal;
  readonly stack: Stack;
  readonly custody: Custody;
  readonly ledger: () => Ledger;
  readonly hurry: () => void;
  /** What somebody else has delivered is known as of now. */
  readonly catchUp: () => void;
  /** Delivery sends its hit statistics now; may never resolve. */
  readonly flushStatistics: () => Promise<void>;
  /** Whether this process delivers at all. */
  readonly delivers: boolean;
  readonly lifetime: JournalLifetime;
  readonly upstream: () => readonly UpstreamState[];
  readonly noise: () => NoiseCounts | undefined;
}

const POLL_MS = 10;

/** Statistics are waited for so long at most: nothing of ours depends on them. */
const STATISTICS_MS = 250;

/** Where the journal outlives the process, waiting ends when nothing was acknowledged for so long. */
const PATIENCE_MS = 1000;

/** What the lifecycle asks of custody and delivery. */
export function createHooks(parts: HookParts): CustodyHooks {
  const { journal, stack, custody, ledger } = parts;
  return {
    flush: (timeoutMs) => flush(parts, timeoutMs),
    drainSync() {
      stack.releaseAll();
      journal.drain();
      custody.commit();
      parts.catchUp();
    },
    async deliver(timeoutMs) {
      const startMs = performance.now();
      await deliver(parts, timeoutMs);
      // Of what was delivered last, too.
      await within(parts.flushStatistics(), timeoutMs - (performance.now() - startMs));
      parts.catchUp();
    },
    ledger,
    recordShutdown(report: ShutdownReport) {
      const { ledger: counts, ...rest } = report;
      const noise = parts.noise();
      writeRecord('observability_shutdown', {
        ...rest,
        ledger: counts,
        upstream: parts.upstream(),
        ...(noise === undefined ? {} : { noise }),
      });
    },
  };
}

/** Proof: nothing is left in the tracer's buffers, and source and journal have counted the same. */
async function flush({ stack, ledger, journal }: HookParts, timeoutMs: number): Promise<FlushReport> {
  const startMs = performance.now();
  const statistics = stack.flushStatistics();
  let inTransit = 0;
  for (;;) {
    stack.release();
    journal.drain();
    inTransit = unproven(ledger());
    if (stack.released() || performance.now() - startMs >= timeoutMs) break;
    await pause(POLL_MS);
  }
  const leftMs = Math.max(0, timeoutMs - (performance.now() - startMs));
  await within(statistics, leftMs);
  const complete = stack.released() && SIGNAL_KINDS.every((kind) => ledger()[kind].unaccounted === 0);
  const report = {
    complete,
    inTransit,
    pending: pendingIn(ledger()),
    durationMs: performance.now() - startMs,
  };
  if (!complete) writeRecord('observability_flush_failed', { ...report });
  return report;
}

/** Waits for statistics, and no longer than they deserve. */
async function within(statistics: Promise<void>, leftMs: number): Promise<void> {
  const waiting = new AbortController();
  const tooLong = pause(Math.max(0, Math.min(leftMs, STATISTICS_MS)), undefined, {
    signal: waiting.signal,
  }).catch(() => undefined);
  await Promise.race([statistics, tooLong]).finally(() => waiting.abort());
}

function unproven(ledger: Ledger): number {
  return SIGNAL_KINDS.reduce((sum, kind) => sum + ledger[kind].inTransit, 0);
}

async function deliver({ ledger, hurry, delivers, lifetime }: HookParts, timeoutMs: number): Promise<void> {
  if (!delivers) return;
  hurry();
  const deadlineMs = performance.now() + timeoutMs;
  let pending = pendingIn(ledger());
  let progressMs = performance.now();
  while (pending > 0 && performance.now() < deadlineMs) {
    await pause(POLL_MS);
    const now = pendingIn(ledger());
    if (now < pending) progressMs = performance.now();
    pending = now;
    if (!diesWithPod(lifetime) && performance.now() - progressMs > PATIENCE_MS) return;
  }
}
