import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { BatchEncoder, UpstreamState } from '../../contracts/delivery.ts';
import type { KindLedger, Ledger } from '../../contracts/ledger.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { Send } from '../../delivery/send.ts';
import { deliverStream } from '../../delivery/stream.ts';
import { createHttpSender } from '../../delivery/http-sender.ts';
import { RecordCipher } from '../../journal/cipher.ts';
import { agentUrl } from '../../settings/agent-url.ts';
import { proxyEnvironment } from '../../settings/environment.ts';
import type { Settings } from '../../settings/table.ts';
import { createDatadogEncoder } from '../../wire/datadog/encode.ts';
import { readingKey } from '../open-journal.ts';
import { targetOf } from '../target.ts';
import { claimDelivery, releaseDelivery } from '../../journal/claim.ts';
import { appendHistory } from '../../journal/history.ts';
import { listWriters } from '../../journal/directory.ts';
import { systemClock } from '../../kernel/clock.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import { addLedgers } from '../../ledger/account.ts';
import { createOtlpEncoder } from '../../wire/otlp/encode.ts';
import type { FoundJournal } from '../journals.ts';
import { createReceiverLookup } from '../otlp/known-receivers.ts';
import {
  quarantineFiles,
  readQuarantine,
  replaceQuarantine,
  writerOf,
  type QuarantinedRecord,
} from './quarantine.ts';
import { QuarantineSource } from './quarantine-source.ts';

export interface ResendOptions {
  readonly journals: readonly FoundJournal[];
  readonly settings: Settings;
  readonly timeoutMs: number;
  readonly onState: (state: UpstreamState) => void;
  /** What an OTLP receiver refused stays where it is, for want of what is `missing`. */
  readonly onUnknown: (journal: FoundJournal, missing: readonly string[]) => void;
}

/** Signals, by what became of them. */
export interface Resent {
  readonly delivered: number;
  /** Refused again, not tried for lack of time, or sealed with another key: still there. */
  readonly left: number;
  /** Writers that somebody delivers right now, whose files were left alone. */
  readonly busy: readonly string[];
}

/** As old as they are: upstream is asked, and decides. */
const NO_AGE_MS = Number.MAX_SAFE_INTEGER;

/**
 * Sends the quarantine once more: what is taken now leaves it, and is counted as delivered instead of lost; what is
 * refused again stays with its new answer.
 *
 * @throws what the file system throws
 */
export async function resendQuarantine(options: ResendOptions): Promise<Resent> {
  const { journals, settings, timeoutMs, onState } = options;
  const key = readingKey(settings);
  const sender = createHttpSender({ proxyEnv: proxyEnvironment() });
  const encoderOf = createEncoders(options);
  const task = {
    send: sender.send,
    cipher: key === undefined ? undefined : new RecordCipher(key),
    onState,
    deadlineMs: performance.now() + timeoutMs,
    instance: randomUUID(),
  };
  const total = { delivered: 0, left: 0, busy: [] as string[] };
  for (const journal of journals) {
    if (quarantineFiles(journal.directory).length === 0) continue;
    await resendJournal(journal.directory, { ...task, encoder: encoderOf(journal) }, total);
  }
  sender.close();
  return total;
}

/** Without a policy: what was refused is sent because somebody asked for it. */
function createEncoders({
  settings,
  onUnknown,
}: ResendOptions): (journal: FoundJournal) => BatchEncoder | undefined {
  const address = agentUrl(settings);
  const datadog = createDatadogEncoder({
    target: () => targetOf(settings, address),
    agentUrl: () => address,
  });
  const lookup = createReceiverLookup(settings);
  return (journal) => {
    const { directory, receiver } = journal;
    if (receiver === undefined) return datadog;
    const known = lookup(receiver, directory);
    if (known.target !== undefined) return createOtlpEncoder(known.target);
    onUnknown(journal, known.missing);
    return undefined;
  };
}

async function resendJournal(
  directory: string,
  means: Omit<Means, 'encoder'> & { readonly encoder: BatchEncoder | undefined; readonly instance: string },
  total: { delivered: number; left: number; readonly busy: string[] },
): Promise<void> {
  const { encoder, instance, cipher } = means;
  const present = new Set(listWriters(directory));
  for (const file of quarantineFiles(directory)) {
    const writer = writerOf(file);
    const folder = join(directory, writer);
    // Its deliverer may add to the file at any time.
    const claimed = present.has(folder) && claimDelivery(folder, instance);
    if (present.has(folder) && !claimed) {
      total.busy.push(writer);
      continue;
    }
    try {
      const entries = readQuarantine(file, cipher);
      if (encoder === undefined) {
        total.left += entries.reduce((sum, { signals }) => sum + signals, 0);
        continue;
      }
      const sources = await Promise.all(
        SIGNAL_KINDS.map((kind) => resendKind(entries, kind, writer, { ...means, encoder })),
      );
      const stay = entries.filter((entry) => !sources.some((source) => source.resolved.has(entry)));
      const refused = sources.flatMap((source) => source.refused);
      const ledger = Object.fromEntries(
        sources.map((source) => [source.kind, correctionOf(source)]),
      ) as Ledger;
      // The count before the file: a crash in between sends them twice, and loses none.
      if (sources.some((source) => Object.keys(source.outcomes).length > 0))
        enter(directory, ledger, instance);
      replaceQuarantine(file, [...stay.map(({ line }) => line), ...refused.map(({ line }) => line)]);
      total.delivered += SIGNAL_KINDS.reduce((sum, kind) => sum + ledger[kind].delivered, 0);
      total.left += [...stay, ...refused].reduce((sum, { signals }) => sum + signals, 0);
    } finally {
      if (claimed) releaseDelivery(folder, instance);
    }
  }
}

interface Means {
  readonly encoder: BatchEncoder;
  readonly send: Send;
  readonly cipher: RecordCipher | undefined;
  readonly onState: (state: UpstreamState) => void;
  readonly deadlineMs: number;
}

async function resendKind(
  entries: readonly QuarantinedRecord[],
  kind: SignalKind,
  writer: string,
  { encoder, send, cipher, onState, deadlineMs }: Means,
): Promise<QuarantineSource> {
  const readable = entries.filter((entry) => entry.kind === kind && entry.opened !== undefined);
  const source = new QuarantineSource(readable, kind, writer, cipher);
  const stream = deliverStream({
    source,
    encoder,
    send,
    clock: systemClock,
    random: Math.random,
    maxAgeMs: NO_AGE_MS,
    onOutcome: () => undefined,
    onState,
    wake: () => new Promise(() => undefined),
  });
  stream.hurry();
  const timer = setTimeout(() => source.giveUp(), Math.max(0, deadlineMs - performance.now()));
  await source.done;
  clearTimeout(timer);
  await stream.stop();
  return source;
}

/** Takes signals from `lost.quarantined` to what became of them now. */
function correctionOf({ kind, outcomes }: QuarantineSource): KindLedger {
  const reasons = (prefix: string): Record<string, number> =>
    Object.fromEntries(
      Object.entries(outcomes).flatMap(([name, n]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), n]] : [],
      ),
    );
  const moved = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
  return {
    ...addLedgers([])[kind],
    delivered: outcomes['delivered'] ?? 0,
    sampledOut: outcomes['sampledOut'] ?? 0,
    dropped: reasons('dropped.'),
    lost: moved === 0 ? {} : { ...reasons('lost.'), quarantined: -moved },
  };
}

/** An entry of the history that belongs to no writer. */
function enter(directory: string, ledger: Ledger, instance: string): void {
  const entry = {
    id: `resent-${randomUUID()}`,
    endedMs: Date.now(),
    state: 'clean',
    ledger,
    maybeTwice: 0,
    writers: 0,
  } as const;
  if (!appendHistory(directory, entry, instance, addLedgers))
    throw new Error('another process is writing the history: try again');
}
