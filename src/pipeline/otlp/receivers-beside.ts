import type { UpstreamState } from '../../contracts/delivery.ts';
import type { Send } from '../../delivery/send.ts';
import { ownerState } from '../../journal/claim.ts';
import { listWriters } from '../../journal/directory.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import type { Settings } from '../../settings/table.ts';
import { createOtlpEncoder } from '../../wire/otlp/encode.ts';
import { Deliverer, type DelivererOptions } from '../deliverer.ts';
import { journalsIn, type FoundJournal } from '../journals.ts';
import { createReceiverLookup, type KnownReceiver } from './known-receivers.ts';

export interface ReceiversBesideOptions extends Pick<
  DelivererOptions,
  'key' | 'maxAgeMs' | 'doorbell' | 'onSealed' | 'onError'
> {
  /** The journal directory below which receivers have theirs. */
  readonly directory: string;
  readonly settings: Settings;
  readonly send: Send;
  /** @param upstream the receiver's address, without credentials */
  readonly onState: (state: UpstreamState, upstream: string) => void;
  /** Records wait for a receiver that cannot be asked, for want of what is `missing`. Told again at each look. */
  readonly onUnknown: (journal: FoundJournal, missing: readonly string[]) => void;
}

interface Active {
  /** Where it delivers to, with everything that matters. */
  readonly key: string;
  readonly deliverer: Deliverer;
}

/** One warning for a journal whose receiver is not known well enough. */
export function sayUnknownReceiver({ receiver, directory }: FoundJournal, missing: readonly string[]): void {
  warnOnce('KS-OTLP-008', { site: directory, receiver, journal: directory, missing: missing.join(', ') });
}

/** Receivers that are delivered to at a time; more wait for their turn. */
export const MAX_RECEIVERS = 32;

/**
 * Delivers what processes left in the journals of OTLP receivers. A process that lives delivers its own: it alone is
 * sure to know the receiver's keys.
 */
export class ReceiversBeside {
  readonly #options: ReceiversBesideOptions;
  readonly #lookup: ReturnType<typeof createReceiverLookup>;
  readonly #active = new Map<string, Active>();
  #unknown = new Set<string>();
  #hurried = false;
  #stopped = false;

  constructor(options: ReceiversBesideOptions) {
    this.#options = options;
    this.#lookup = createReceiverLookup(options.settings);
  }

  /** Looks for what there is to deliver. Call it again and again. Never throws. */
  async sweep(): Promise<void> {
    const journals = this.#list();
    for (const directory of this.#active.keys())
      if (!journals.some((journal) => journal.directory === directory)) await this.#leave(directory);
    const unknown = new Set<string>();
    for (const journal of journals) {
      try {
        if (!(await this.#look(journal))) unknown.add(journal.directory);
      } catch (error) {
        this.#options.onError(error);
      }
    }
    this.#unknown = unknown;
  }

  /** Whether records of this journal wait for somebody who knows its receiver. */
  isUnknown(directory: string): boolean {
    return this.#unknown.has(directory);
  }

  /** For the last seconds of a shutdown: no long pauses between attempts any more. */
  hurry(): void {
    this.#hurried = true;
    for (const { deliverer } of this.#active.values()) deliverer.hurry();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#active.keys()].map((directory) => this.#leave(directory)));
  }

  /** Journals in which somebody wrote. */
  #list(): readonly FoundJournal[] {
    try {
      return journalsIn(this.#options.directory).filter(
        ({ directory, receiver }) => receiver !== undefined && listWriters(directory).length > 0,
      );
    } catch (error) {
      this.#options.onError(error);
      return [];
    }
  }

  /** @returns false when nobody here knows where its records go */
  async #look(journal: FoundJournal): Promise<boolean> {
    const { directory, receiver = '' } = journal;
    const known = this.#lookup(receiver, directory);
    if (known.target === undefined) {
      await this.#leave(directory);
      const left = listWriters(directory).some((path) => ['dead', 'expired'].includes(ownerState(path)));
      if (left) this.#options.onUnknown(journal, known.missing);
      return !left;
    }
    const key = JSON.stringify(known.target);
    // The application has another address or key now.
    if (this.#active.get(directory)?.key !== key) await this.#leave(directory);
    if (!this.#active.has(directory)) {
      if (this.#stopped || this.#active.size >= MAX_RECEIVERS) return true;
      const deliverer = this.#start(directory, known);
      this.#active.set(directory, { key, deliverer });
    }
    await this.#active.get(directory)?.deliverer.sweep();
    return true;
  }

  #start(
    directory: string,
    { target, shown }: Extract<KnownReceiver, { readonly shown: string }>,
  ): Deliverer {
    const { send, key, maxAgeMs, doorbell, onState, onSealed, onError } = this.#options;
    const deliverer = new Deliverer({
      directory,
      host: 'sidecar',
      encoder: createOtlpEncoder(target),
      send,
      key,
      maxAgeMs,
      doorbell,
      onOutcome: () => undefined,
      onMaybeTwice: () => undefined,
      onState: (_writerId, state) => onState(state, shown),
      ...(onSealed === undefined ? {} : { onSealed }),
      onError,
    });
    if (this.#hurried) deliverer.hurry();
    return deliverer;
  }

  async #leave(directory: string): Promise<void> {
    const active = this.#active.get(directory);
    this.#active.delete(directory);
    await active?.deliverer.stop();
  }
}
