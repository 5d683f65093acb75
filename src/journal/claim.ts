import { linkSync, readFileSync, readdirSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { Names } from './directory.ts';
import { isAlive, isIdentity, ownIdentity, sameHolder, type Identity } from './identity.ts';

/** Whether the process that writes into this folder still runs. */
export function ownerState(writerPath: string): 'alive' | 'dead' | 'self' {
  const owner = readHolder(join(writerPath, Names.owner));
  if (owner === undefined) return 'dead';
  const self = ownIdentity();
  if (sameHolder(owner.identity, self)) return 'self';
  return isAlive(owner.identity, owner.leaseAgeMs, self) ? 'alive' : 'dead';
}

/** Renews the owner's lease, which decides where its process table cannot be seen. */
export function renewOwner(writerPath: string): void {
  touch(join(writerPath, Names.owner));
}

/**
 * Takes the right to deliver a writer's records: exactly one process holds it. Claims are numbered and made
 * with link(2), whole and exclusive: of all who saw holder n gone, one makes claim n + 1.
 *
 * @returns whether it is ours
 */
export function claimDelivery(writerPath: string): boolean {
  const self = ownIdentity();
  const latest = latestClaim(writerPath);
  if (latest === undefined) return false; // The folder is gone: somebody delivered it.
  if (latest.holder !== undefined) {
    if (sameHolder(latest.holder.identity, self)) return true;
    if (isAlive(latest.holder.identity, latest.holder.leaseAgeMs, self)) return false;
  }
  const draft = join(writerPath, `${CLAIM}draft-${process.pid}-${threadId}`);
  try {
    writeFileSync(draft, JSON.stringify(self), { mode: 0o600 });
    linkSync(draft, claimFile(writerPath, latest.number + 1));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  } finally {
    remove(draft);
  }
  if (latest.number > 0) remove(claimFile(writerPath, latest.number));
  return true;
}

export function renewDelivery(writerPath: string): void {
  const latest = latestClaim(writerPath);
  if (latest !== undefined && latest.number > 0) touch(claimFile(writerPath, latest.number));
}

export function releaseDelivery(writerPath: string): void {
  const latest = latestClaim(writerPath);
  if (latest?.holder !== undefined && sameHolder(latest.holder.identity, ownIdentity())) {
    remove(claimFile(writerPath, latest.number));
  }
}

const CLAIM = 'deliverer-';

function claimFile(writerPath: string, number: number): string {
  return join(writerPath, `${CLAIM}${String(number).padStart(6, '0')}.json`);
}

/** The claim with the highest number; number 0 without a holder when there is none. */
function latestClaim(writerPath: string): { number: number; holder: Holder | undefined } | undefined {
  let names: string[];
  try {
    names = readdirSync(writerPath);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const number = Math.max(0, ...names.map((name) => Number(/^deliverer-(\d{6,})\.json$/.exec(name)?.[1] ?? 0)));
  return { number, holder: number === 0 ? undefined : readHolder(claimFile(writerPath, number)) };
}

interface Holder {
  readonly identity: Identity;
  readonly leaseAgeMs: number;
}

function readHolder(file: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isIdentity(value) ? { identity: value, leaseAgeMs: Date.now() - statSync(file).mtimeMs } : undefined;
  } catch {
    return undefined; // Gone, or not ours: nobody holds it.
  }
}

function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    return; // Gone: the next claim decides anew.
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
