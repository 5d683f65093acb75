import { randomUUID } from 'node:crypto';
import {
  linkSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './directory.ts';
import { unlinkIfThere } from './eviction.ts';
import { isAlive, isIdentity, LEASE_MS, ownIdentity, sameProcess, type Identity } from './identity.ts';

/** A right that one thread at most holds: files `<name>-<n>.json` in a folder, of which the highest number holds. */
export interface ClaimSlot {
  readonly folder: string;
  readonly name: string;
}

/**
 * Takes a right when nobody alive has it. Claims are numbered and made with link(2), whole and exclusive: of all who saw
 * holder n gone, one makes claim n + 1. The highest file is never removed, so a number that was passed stays passed,
 * and whoever finds a higher one than its own has come too late.
 *
 * @param instance tells apart two parts of one thread
 * @returns whether it is ours; false too when the folder is gone
 * @throws what the file system throws
 */
export function takeClaim(slot: ClaimSlot, instance: string): boolean {
  const latest = latestClaim(slot);
  if (latest === undefined) return false;
  if (latest.state === 'held') {
    if (isOurs(latest, instance)) return true;
    if (isAlive(latest.identity, latest.leaseAgeMs)) return false;
  }
  // Whoever is writing it right now, on a file system without links, has a moment to finish.
  if (latest.state === 'unreadable' && latest.leaseAgeMs < LEASE_MS) return false;
  const number = latest.number + 1;
  if (!create(slot, number, JSON.stringify({ ...ownIdentity(), instance }))) return false;
  if (latestClaim(slot)?.number !== number) {
    unlinkIfThere(claimFile(slot, number));
    return false;
  }
  if (latest.number > 0) unlinkIfThere(claimFile(slot, latest.number));
  return true;
}

/**
 * Renews the lease of a right of ours. False: it is no longer ours.
 *
 * @throws what the file system throws: a lease that could not be written down is not renewed, for others see the file alone
 */
export function renewClaim(slot: ClaimSlot, instance: string): boolean {
  const latest = latestClaim(slot);
  if (latest === undefined || latest.state !== 'held' || !isOurs(latest, instance)) return false;
  return touch(claimFile(slot, latest.number));
}

/** Gives a right of ours back. Its number stays taken, by a file that names nobody. */
export function releaseClaim(slot: ClaimSlot, instance: string): void {
  const latest = latestClaim(slot);
  if (latest === undefined || latest.state !== 'held' || !isOurs(latest, instance)) return;
  const draft = draftFile(slot);
  writeFileSync(draft, JSON.stringify({ released: true }), { mode: 0o600 });
  renameSync(draft, claimFile(slot, latest.number));
}

/** Whether somebody alive has the right. */
export function isHeld(slot: ClaimSlot): boolean {
  const latest = latestClaim(slot);
  return latest?.state === 'held' && isAlive(latest.identity, latest.leaseAgeMs);
}

type Latest = { readonly number: number; readonly leaseAgeMs: number } & (
  | { readonly state: 'held'; readonly identity: Identity; readonly instance: string }
  | { readonly state: 'free' | 'unreadable' }
);

function isOurs(claim: Extract<Latest, { state: 'held' }>, instance: string): boolean {
  const own = ownIdentity();
  return (
    sameProcess(claim.identity, own) && claim.identity.thread === own.thread && claim.instance === instance
  );
}

function claimFile({ folder, name }: ClaimSlot, number: number): string {
  return join(folder, `${name}-${String(number).padStart(6, '0')}.json`);
}

function draftFile({ folder, name }: ClaimSlot): string {
  return join(folder, `${name}-draft-${randomUUID()}`);
}

/** 0: no claim on this right. Asked at each sweep for each name in the folder. */
function numberIn(name: string, right: string): number {
  if (!name.startsWith(`${right}-`)) return 0;
  return Number(/^(\d{6,})\.json$/.exec(name.slice(right.length + 1))?.[1] ?? 0);
}

/** The claim with the highest number; number 0 when there is none; undefined when the folder is gone. */
function latestClaim(slot: ClaimSlot): Latest | undefined {
  let names: string[];
  try {
    names = readdirSync(slot.folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  let number = 0;
  for (const name of names) number = Math.max(number, numberIn(name, slot.name));
  if (number === 0) return { number, leaseAgeMs: 0, state: 'free' };
  const file = claimFile(slot, number);
  const leaseAgeMs = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const value = readJson(file);
  if (isIdentity(value)) {
    const instance = 'instance' in value && typeof value.instance === 'string' ? value.instance : '';
    return { number, leaseAgeMs, state: 'held', identity: value, instance };
  }
  const free = typeof value === 'object' && value !== null && 'released' in value;
  return { number, leaseAgeMs, state: free ? 'free' : 'unreadable' };
}

/** Makes a claim's file, whole and exclusive. False when somebody was first, or the folder is gone. */
function create(slot: ClaimSlot, number: number, text: string): boolean {
  const file = claimFile(slot, number);
  const draft = draftFile(slot);
  try {
    writeFileSync(draft, text, { mode: 0o600 });
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error))) throw error;
      writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
    throw error;
  } finally {
    unlinkIfThere(draft);
  }
}

/** What file systems without hard links say. */
export const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // Removed by the next holder, or not whole.
  }
}

/** Sets a file's times to now. False when it is gone. */
export function touch(file: string): boolean {
  const now = new Date();
  try {
    utimesSync(file, now, now);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return false;
  }
}
