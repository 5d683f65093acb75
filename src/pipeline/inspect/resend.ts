import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type {
  BatchEncoder,
  Outcomes,
  PendingRecord,
  RecordSource,
  UpstreamState,
} from '../../contracts/delivery.ts';
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
import {
  quarantineFiles,
  quarantineLine,
  readQuarantine,
  replaceQuarantine,
  writerOf,
  type QuarantinedRecord,
} from './quarantine.ts';

export interface ResendOptions {
  readonly directory: string;
  readonly settings: Settings;
  readonly timeoutMs: number;
  readonly onState: (state: UpstreamState) => void;
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

const QUARANTINED = 'lost.quarantined';

/**
 * Sends the quarantine once more: what is taken now leaves it, and is counted as delivered instead of lost; what is
 * refused again stays with its new answer.
 *
 * @throws what the file system throws
 */
export async function resendQuarantine(options: ResendOptions): Promise<Resent> {
  const { directory, settings, timeoutMs, onState } = options;
  const address = agentUrl(settings);
  const key = readingKey(settings);
  const sender = createHttpSender({ proxyEnv: proxyEnvironment() });
  const means: Means = {
    // Without a policy: what was refused is sent because somebody asked for it.
    encoder: createDatadogEncoder({ target: () => targetOf(settings, address), agentUrl: () => address }),
    send: sender.send,
    cipher: key === undefined ? undefined : new RecordCipher(key),
    onState,
  };
  const deadlineMs = performance.now() + timeoutMs;
  const instance = randomUUID();
  const present = new Set(listWriters(directory));
  const busy: string[] = [];
  let delivered = 0;
  let left = 0;
  for (const file of quarantineFiles(directory)) {
    const writer = writerOf(file);
    const folder = join(directory, writer);
    // Its deliverer may add to the file at any time.
    const claimed = present.has(folder) && claimDelivery(folder, instance);
    if (present.has(folder) && !claimed) {
      busy.push(writer);
      continue;
    }
    try {
      const entries = readQuarantine(file, means.cipher);
      const sources = await Promise.all(
        SIGNAL_KINDS.map((kind) => resendKind(entries, kind, writer, means, deadlineMs)),
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
      delivered += SIGNAL_KINDS.reduce((sum, kind) => sum + ledger[kind].delivered, 0);
      left += [...stay, ...refused].reduce((sum, { signals }) => sum + signals, 0);
    } finally {
      if (claimed) releaseDelivery(folder, instance);
    }
  }
  sender.close();
  return { delivered, left, busy };
}

interface Means {
  readonly encoder: BatchEncoder;
  readonly send: Send;
  readonly cipher: RecordCipher | undefined;
  readonly onState: (state: UpstreamState) => void;
}

async function resendKind(
  entries: readonly QuarantinedRecord[],
  kind: SignalKind,
  writer: string,
  { encoder, send, cipher, onState }: Means,
  deadlineMs: number,
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

/** The refused records of one file and kind, as delivery reads records. */
class QuarantineSource implements RecordSource {
  readonly kind: SignalKind;
  readonly id: string;
  readonly done: Promise<void>;
  readonly giveUp: () => void;
  readonly resolved = new Set<QuarantinedRecord>();
  /** What was refused again, with its new answer. */
  readonly refused: { readonly line: string; readonly signals: number }[] = [];
  /** What became of the others. */
  readonly outcomes: Record<string, number> = {};
  #at = 0;
  readonly #entries: readonly QuarantinedRecord[];
  readonly #cipher: RecordCipher | undefined;

  constructor(
    entries: readonly QuarantinedRecord[],
    kind: SignalKind,
    writer: string,
    cipher: RecordCipher | undefined,
  ) {
    this.#entries = entries;
    this.#cipher = cipher;
    this.kind = kind;
    this.id = `quarantine-${writer}/${kind}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.giveUp = resolve;
    if (entries.length === 0) resolve();
  }

  position(): string {
    return String(this.#at);
  }

  /** One at a time: a record that is refused again must not be sent apart with its neighbours. */
  peek(): readonly PendingRecord[] {
    const entry = this.#entries[this.#at];
    return entry?.opened === undefined ? [] : [entry.opened.record];
  }

  resolve(_records: number, outcomes: Outcomes): void {
    this.resolved.add(this.#entries[this.#at]!);
    this.#at += 1;
    for (const [name, n] of Object.entries(outcomes)) {
      if (name !== QUARANTINED) this.outcomes[name] = (this.outcomes[name] ?? 0) + n;
    }
    if (this.#at >= this.#entries.length) this.giveUp();
  }

  quarantine(record: PendingRecord, status: number, answer: string): void {
    this.refused.push({ line: quarantineLine(record, status, answer, this.#cipher), signals: record.count });
  }

  /** It was counted as lost: sending it again is what was asked for. */
  intent(): void {}

  maybeTwice(): void {}
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
