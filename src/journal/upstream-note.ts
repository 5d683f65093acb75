import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { codeOf, Names } from './directory.ts';
import { unlinkIfThere } from './eviction.ts';

/** What a deliverer tells the process for which it delivers: kinds that upstream refuses, or does not answer. */
export type UpstreamTroubles = Readonly<Partial<Record<SignalKind, UpstreamState>>>;

/**
 * The deliverer's side: a file in the writer's folder while there is trouble, written when it changes. It is nothing that
 * must survive: the process behind it asks what is, not what was.
 */
export class UpstreamNote {
  readonly #file: string;
  #troubles: UpstreamTroubles = {};

  /** What an earlier deliverer noted is no longer true. @throws what the file system throws */
  constructor(writerPath: string) {
    this.#file = join(writerPath, Names.upstream);
    unlinkIfThere(this.#file);
  }

  /** @throws what the file system throws */
  tell(state: UpstreamState): void {
    const { kind, status } = state;
    const before = this.#troubles[kind];
    const isTrouble = status === 'held' || status === 'retrying';
    if (isTrouble ? isSame(before, state) : before === undefined) return;
    const { [kind]: _gone, ...others } = this.#troubles;
    this.#troubles = isTrouble ? { ...others, [kind]: state } : others;
    if (Object.keys(this.#troubles).length === 0) return void unlinkIfThere(this.#file);
    const draft = `${this.#file}.tmp`;
    writeFileSync(draft, JSON.stringify(this.#troubles), { mode: 0o600 });
    renameSync(draft, this.#file);
  }
}

/** The writer's side: what its deliverer noted; nothing where there is no trouble. @throws what the file system throws */
export function readUpstreamNote(writerPath: string): UpstreamTroubles {
  let text: string;
  try {
    text = readFileSync(join(writerPath, Names.upstream), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    throw error;
  }
  const value = parse(text);
  return Object.fromEntries(
    SIGNAL_KINDS.flatMap((kind) => (isState(value[kind]) ? [[kind, value[kind]]] : [])),
  );
}

function isSame(a: UpstreamState | undefined, b: UpstreamState): boolean {
  return a?.status === b.status && a.httpStatus === b.httpStatus && a.error === b.error;
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {}; // Power loss.
  }
}

function isState(value: unknown): value is UpstreamState {
  const { kind, status } = Object(value) as Partial<UpstreamState>;
  return SIGNAL_KINDS.some((known) => known === kind) && (status === 'held' || status === 'retrying');
}
