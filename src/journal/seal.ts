import { existsSync, linkSync, readFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { SignalKind } from '../contracts/signal.ts';
import { COUNTERS, endedIn, type PageContent, type PageValues } from './counters.ts';
import { codeOf, Names } from './directory.ts';
import { unlinkIfThere } from './eviction.ts';
import { NO_LINKS } from './numbered-claim.ts';
import type { Cursor } from './outcomes.ts';

/**
 * Where a writer's folder ends although its writer may still run (it stood still for longer than its lease, where
 * nobody can look it up). Records that begin at or behind an end were never there: a writer that comes back writes
 * them again, in another folder, and takes what was not counted here with it.
 */
export interface Seal {
  readonly ends: Readonly<Record<SignalKind, Cursor>>;
  /** What counts here; the counter page in the folder does not any more. */
  readonly page: PageContent;
}

export function isSealed(writerPath: string): boolean {
  return existsSync(join(writerPath, Names.seal));
}

/** Whether somebody is about to seal the folder, or did: its writer must not append to it any more. */
export function isClosing(writerPath: string): boolean {
  return existsSync(join(writerPath, Names.closing)) || isSealed(writerPath);
}

/** @throws what the file system throws, ENOENT apart */
export function readSeal(writerPath: string): Seal | undefined {
  try {
    return JSON.parse(readFileSync(join(writerPath, Names.seal), 'utf8')) as Seal;
  } catch (error) {
    // Not whole since power loss took it: its writer is gone, and all that is there counts.
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Seals a folder, unless it is sealed already: who was first decides where it ends.
 *
 * @returns the seal that holds; undefined when the folder is gone
 * @throws what the file system throws
 */
export function linkSeal(writerPath: string, seal: Seal): Seal | undefined {
  const file = join(writerPath, Names.seal);
  const draft = `${file}-${randomUUID()}`;
  const text = JSON.stringify(seal);
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error))) throw error;
      writeFileSync(file, text, { mode: 0o600, flag: 'wx', flush: true });
    }
    return seal;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return readSeal(writerPath) ?? seal;
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  } finally {
    unlinkIfThere(draft);
  }
}

/** Says that a folder is about to be sealed, so that its writer stops there. */
export function announce(writerPath: string): void {
  writeFileSync(join(writerPath, Names.closing), '', { mode: 0o600 });
}

export function withdraw(writerPath: string): void {
  unlinkIfThere(join(writerPath, Names.closing));
}

/**
 * A page as a seal holds it: consistent with the records that the folder holds.
 *
 * @param page undefined when it cannot be read: then the records are all that is known
 * @param goesOn the writer itself seals: what it has not journaled yet is not lost, but created elsewhere
 */
export function settledPage(
  page: PageContent | undefined,
  held: Readonly<Record<SignalKind, number>>,
  goesOn: boolean,
): PageContent {
  const settle = (kind: SignalKind): PageValues => {
    const values = page?.values[kind] ?? NOTHING;
    const journaled = Math.max(values.journaled, held[kind]);
    const proven = journaled + endedIn(values);
    return { ...values, journaled, created: goesOn ? proven : Math.max(values.created, proven) };
  };
  return {
    values: { spans: settle('spans'), llmSpans: settle('llmSpans'), evaluations: settle('evaluations') },
    maybeTwice: page?.maybeTwice ?? { spans: 0, llmSpans: 0, evaluations: 0 },
    clean: page?.clean ?? false,
  };
}

const NOTHING = Object.fromEntries([...COUNTERS, 'lost.killed'].map((name) => [name, 0])) as PageValues;
