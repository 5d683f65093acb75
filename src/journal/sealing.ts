import { join } from 'node:path';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { readCounterPage } from './counters.ts';
import { Names } from './directory.ts';
import { announce, linkSeal, settledPage, withdraw } from './seal.ts';
import { surveyStreams } from './survey.ts';

/**
 * Ends the folder of a writer that cannot be looked up, or that said its last word while its thread lives: for the one
 * who has its delivery claimed. The announcement comes first and the question whether the writer ended after it; a
 * writer renews its lease first and looks for an announcement after it. One of the two sees the other.
 *
 * @param hasEnded asked after the announcement
 * @returns false when the writer is there again
 * @throws what the file system throws
 */
export function sealWriter(writerPath: string, hasEnded: () => boolean): boolean {
  announce(writerPath);
  if (!hasEnded()) {
    withdraw(writerPath);
    return false;
  }
  const page = readCounterPage(join(writerPath, Names.counters));
  const streams = surveyStreams(writerPath, undefined);
  const perKind = <T>(of: (kind: SignalKind) => T): Readonly<Record<SignalKind, T>> =>
    Object.fromEntries(SIGNAL_KINDS.map((kind) => [kind, of(kind)])) as Record<SignalKind, T>;
  const held = perKind((kind) => streams[kind].held);
  linkSeal(writerPath, {
    ends: perKind((kind) => streams[kind].end),
    page: settledPage(page, held, false),
  });
  return true;
}
