import type { Ledger } from '../../src/contracts/ledger.ts';
import type { SignalKind } from '../../src/contracts/signal.ts';
import { folderOf, nameOf, type File, type FileObserver } from './files.ts';
import type { Machine, Process, Thread } from './machine.ts';

export const KINDS = ['spans', 'llmSpans', 'evaluations'] as const satisfies readonly SignalKind[];

/** What was seen to happen to a signal; several may be true of one. */
export const Seen = {
  taken: 1,
  refused: 2,
  evicted: 4,
  expired: 8,
  corrupt: 16,
  sampled: 32,
  killed: 64,
  memory: 128,
  rejected: 256,
  unsynced: 512,
  /** In the memory of a process whose last counts no disk took. */
  uncounted: 1024,
} as const;

/** docs/adr/0002: a record is so many bytes and its body, whose length stands in the third word. */
const HEADER_BYTES = 40;

/** A record as the simulated application made it. */
export interface Made {
  readonly kind: SignalKind;
  readonly first: number;
  readonly count: number;
  readonly process: Process;
  /** The earlier of when it was made and when it came to lie on disk. */
  wallMs: number;
  file?: File;
  start: number;
  end: number;
}

/** What one process is known to have done. */
interface Life {
  readonly created: Record<SignalKind, number>;
  /** What of it the last whole write of the counter page said. */
  committed: Record<SignalKind, number>;
  /** The last write of the counter page was refused, or there is no page. */
  stale: boolean;
}

/** What one thread sent from memory, by signal, and how much of that it said it sends again. */
interface FromMemory {
  readonly sent: Map<number, number>;
  told: number;
}

export class LawBroken extends Error {
  readonly law: string;

  constructor(law: string, message: string) {
    super(`${law}: ${message}`);
    this.law = law;
  }
}

export function law(name: string, holds: boolean, message: () => string): void {
  if (!holds) throw new LawBroken(name, message());
}

const perKind = (): Record<SignalKind, number> => ({ spans: 0, llmSpans: 0, evaluations: 0 });

/** Sees what happens from outside: the application's calls, bytes on the disk, requests upstream. Knows nothing of src. */
export class Oracle implements FileObserver {
  readonly seen: number[] = [];
  readonly copies: number[] = [];
  readonly kinds: SignalKind[] = [];
  readonly made: Made[] = [];
  readonly lives = new Map<Process, Life>();
  readonly quarantined = new Set<number>();
  /** The record being handed over, whose place is not known yet. */
  appending: Made | undefined;
  /** Something happened after which a copy may have been sent again. */
  uncertain = false;
  /** An intent may be lost: what was sent twice is then not known. */
  powerLost = false;
  faulty = false;
  readonly #owners = new Map<string, Process>();
  readonly #machine: () => Machine;
  #noted: LawBroken | undefined;
  readonly #fromMemory = new Map<Thread, FromMemory>();
  readonly #byFirst = new Map<number, Made>();

  constructor(machine: () => Machine) {
    this.#machine = machine;
  }

  create(process: Process, kind: SignalKind, count: number): void {
    this.life(process).created[kind] += count;
  }

  life(process: Process): Life {
    let life = this.lives.get(process);
    if (life === undefined)
      this.lives.set(process, (life = { created: perKind(), committed: perKind(), stale: true }));
    return life;
  }

  make(process: Process, kind: SignalKind, count: number): Made {
    const first = this.seen.length;
    const { wallMs } = this.#machine();
    const made: Made = { kind, first, count, process, wallMs, start: 0, end: 0 };
    for (let i = 0; i < count; i++) {
      const sampled = kind === 'spans' && (first + i) % 5 === 0;
      this.seen.push(sampled ? Seen.sampled : 0);
      this.copies.push(0);
      this.kinds.push(kind);
    }
    this.made.push(made);
    this.#byFirst.set(first, made);
    return made;
  }

  mark(made: Made, flag: number): void {
    for (let i = 0; i < made.count; i++) this.seen[made.first + i]! |= flag;
  }

  /** Upstream took it, once more. @param fromMemory the thread that sent it out of memory */
  took(signal: number, fromMemory?: Thread): void {
    this.seen[signal]! |= Seen.taken;
    this.copies[signal]! += 1;
    if (fromMemory === undefined) return;
    const { sent } = this.#memoryOf(fromMemory);
    sent.set(signal, (sent.get(signal) ?? 0) + 1);
  }

  /** The thread said that it sends so many signals once more. */
  told(thread: Thread, signals: number): void {
    this.#memoryOf(thread).told += signals;
  }

  #memoryOf(thread: Thread): FromMemory {
    let one = this.#fromMemory.get(thread);
    if (one === undefined) this.#fromMemory.set(thread, (one = { sent: new Map(), told: 0 }));
    return one;
  }

  wrote(_thread: Thread, path: string, file: File, data: Uint8Array, position: number, taken: number): void {
    if (path.endsWith('/counters')) return this.#pageWritten(path, taken === data.length);
    if (!path.endsWith('.seg')) return;
    const text = Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, 80)).toString('latin1');
    const made = text.startsWith('KSR1')
      ? this.#byFirst.get(Number(/#(\d+)\+\d+ /.exec(text)?.[1] ?? -1))
      : undefined;
    if (made !== undefined) {
      const bodyBytes = new DataView(data.buffer, data.byteOffset).getUint32(8, true);
      this.#place = { made, start: position, end: position + HEADER_BYTES + bodyBytes, file };
    }
    // It comes in parts: the last one makes it whole.
    if (this.#place?.file !== file || position + taken < this.#place.end) return;
    const { made: record, start } = this.#place;
    Object.assign(record, {
      file,
      start,
      end: position + taken,
      wallMs: Math.min(record.wallMs, this.#machine().wallMs),
    });
    this.#place = undefined;
  }

  #place: { made: Made; start: number; end: number; file: File } | undefined;

  #pageWritten(path: string, whole: boolean): void {
    const process = this.#owners.get(folderOf(path));
    if (process === undefined) return;
    const life = this.life(process);
    life.committed = whole ? { ...life.created } : perKind();
    life.stale = !whole;
  }

  refused(path: string): void {
    const process = path.endsWith('/counters') ? this.#owners.get(folderOf(path)) : undefined;
    if (process !== undefined) this.life(process).stale = true;
  }

  renamed(thread: Thread, from: string, to: string): void {
    if (nameOf(from).startsWith('.w-')) this.#owners.set(to, thread.process);
    if (to.endsWith('.evicted')) this.#evicted(thread, to.replace(/evicted$/, 'seg'));
  }

  owner(folder: string, process: Process): void {
    this.#owners.set(folder, process);
  }

  unlinked(thread: Thread, path: string, file: File): void {
    if (thread.role === 'main' && path.endsWith('.seg')) this.#gone(file);
  }

  #gone(file: File): void {
    for (const made of this.made) if (made.file === file) this.mark(made, Seen.evicted);
  }

  /** Law L5: what goes is the least important there is, and never more important than what comes. */
  #evicted(thread: Thread, path: string): void {
    const { files, disk } = this.#machine();
    const file = files.folders.get(folderOf(path))?.get(nameOf(path));
    if (file !== undefined) this.#gone(file);
    if (disk.mode !== 'ok' || thread.role !== 'main' || this.faulty || this.powerLost) return;
    const gone = parse(path);
    const rank = KINDS.indexOf(gone.kind);
    const { appending } = this;
    if (appending !== undefined && rank > KINDS.indexOf(appending.kind))
      this.note('L5', `${path} went for ${appending.kind}`);
    for (const [folder, entries] of files.folders) {
      const owner = this.#owners.get(folder);
      const own = owner === thread.process;
      if (owner === undefined || (!own && owner.threads.size > 0)) continue;
      for (const name of entries.keys()) {
        if (!name.endsWith('.seg') || entries.has(name.replace(/seg$/, 'evicted'))) continue;
        const other = parse(`${folder}/${name}`);
        const lesser = KINDS.indexOf(other.kind) < rank;
        const older =
          own && folder === folderOf(path) && other.kind === gone.kind && other.number < gone.number;
        if (lesser || older) this.note('L5', `${path} went before ${folder}/${name}`);
      }
    }
  }

  /** The process is gone; what it had in memory alone is uncertain. */
  died(process: Process): void {
    const { stale } = this.life(process);
    for (const made of this.made) {
      if (made.process !== process) continue;
      if (made.file === undefined) this.mark(made, Seen.killed);
      // What the disk did not let it count of its memory is gone with it.
      if (stale && (this.seen[made.first]! & Seen.memory) !== 0) this.mark(made, Seen.uncounted);
    }
  }

  /** Wall time was beyond `maxAgeMs` of these records. */
  aged(maxAgeMs: number): void {
    const { wallMs } = this.#machine();
    for (const made of this.made) if (wallMs - made.wallMs > maxAgeMs) this.mark(made, Seen.expired);
  }

  /** Bits of `file` at `offset` are no longer what was written. */
  damaged(file: File, offset: number): void {
    for (const made of this.made) {
      if (made.file === file && offset >= made.start && offset < made.end) this.mark(made, Seen.corrupt);
    }
  }

  /** Σ over signals of a kind whose flags satisfy `test`. */
  count(kind: SignalKind, test: (flags: number) => boolean): number {
    let n = 0;
    for (let i = 0; i < this.seen.length; i++) if (this.kinds[i] === kind && test(this.seen[i]!)) n += 1;
    return n;
  }

  /** Something that must not be happened below the code under test, which would catch what is thrown there. */
  note(name: string, message: string): void {
    this.#noted ??= new LawBroken(name, message);
  }

  /** Everything that must hold when nothing moves any more. */
  judge(ledger: Ledger, maybeTwice: number): void {
    if (this.#noted !== undefined) throw this.#noted;
    this.#nothingSilent();
    for (const kind of KINDS) this.#judgeKind(kind, ledger);
    const counts = (signal: number): boolean => (this.seen[signal]! & Seen.uncounted) === 0;
    const surplus = this.copies.reduce(
      (sum, n, signal) => sum + (counts(signal) ? Math.max(0, n - 1) : 0),
      0,
    );
    law('L12', this.powerLost || surplus <= maybeTwice, () => `${surplus} copies, ${maybeTwice} counted`);
    for (const { sent, told } of this.#fromMemory.values()) {
      let again = 0;
      for (const n of sent.values()) again += n - 1;
      law('L12', again <= told, () => `${again} copies from memory, ${told} said`);
    }
    law(
      'L12',
      this.uncertain || this.powerLost || maybeTwice === 0,
      () => `${maybeTwice} counted as sent twice, and nothing happened`,
    );
  }

  /** Law L4: what was in custody is with upstream, unless something was seen to happen to it. */
  #nothingSilent(): void {
    for (const [signal, flags] of this.seen.entries()) {
      law('L4', flags !== 0, () => `signal ${signal} (${this.kinds[signal]}) went in silence`);
      const onlyRefused = flags === Seen.refused;
      law(
        'L4',
        !onlyRefused || this.quarantined.has(signal),
        () => `signal ${signal} was refused and not kept`,
      );
    }
  }

  #judgeKind(kind: SignalKind, ledger: Ledger): void {
    const { created, delivered, pending, inTransit, sampledOut, dropped, lost, unaccounted } = ledger[kind];
    const say = (what: string) => (): string => `${kind}: ${what}; ${JSON.stringify(ledger[kind])}`;
    law('L1', pending === 0 && inTransit === 0, say('something waits'));
    const damaged = this.count(kind, (flags) => (flags & (Seen.corrupt | Seen.unsynced)) !== 0);
    law('L1', Math.abs(unaccounted) <= damaged, say(`${unaccounted} unaccounted`));
    let least = 0;
    let most = 0;
    for (const [process, life] of this.lives) {
      const placed = this.made.filter(
        (m) =>
          m.process === process &&
          m.kind === kind &&
          m.file !== undefined &&
          !(this.seen[m.first]! & (Seen.corrupt | Seen.unsynced)),
      );
      least += Math.max(
        life.committed[kind],
        placed.reduce((sum, m) => sum + m.count, 0),
      );
      most += life.created[kind];
    }
    least -= damaged;
    law('L1', created >= least && created <= most, say(`created not in ${least}..${most}`));
    const within = (name: string, n: number, flag: number): void => {
      const only = this.count(kind, (flags) => flags === flag);
      const any = this.count(kind, (flags) => (flags & flag) !== 0);
      law('L1', n >= only && n <= any, say(`${name} not in ${only}..${any}`));
    };
    within('delivered', delivered, Seen.taken);
    within('sampledOut', sampledOut, Seen.sampled);
    within('lost.quarantined', lost['quarantined'] ?? 0, Seen.refused);
    within('lost.expired', lost['expired'] ?? 0, Seen.expired);
    within('lost.rejected', lost['rejected'] ?? 0, Seen.rejected);
    within('dropped.journal_full', dropped['journal_full'] ?? 0, Seen.evicted);
    law('L1', (lost['corrupt'] ?? 0) <= damaged, say(`corrupt beyond ${damaged}`));
    law('L1', (lost['miscounted'] ?? 0) === 0, say('miscounted'));
    const inMemory = this.count(kind, (flags) => (flags & (Seen.memory | Seen.killed)) !== 0);
    law(
      'L1',
      (lost['memory'] ?? 0) + (dropped['memory_full'] ?? 0) <= inMemory,
      say(`${inMemory} in memory`),
    );
  }
}

function parse(path: string): { readonly kind: SignalKind; readonly number: number } {
  const [, kind, number] = /(\w+)-(\d+)\.seg$/.exec(path)!;
  return { kind: kind as SignalKind, number: Number(number) };
}
