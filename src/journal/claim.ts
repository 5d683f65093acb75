import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, Names } from './directory.ts';
import { isIdentity, lifeOf, ownIdentity, sameProcess } from './identity.ts';
import { isHeld, releaseClaim, renewClaim, takeClaim, touch, type ClaimSlot } from './numbered-claim.ts';
import { isSealed } from './seal.ts';

/**
 * Whether the thread that writes into this folder still runs, and whether that is in this process. `dead`: it never
 * writes there again. `expired`: its process table cannot be seen and its lease ran out; it may only stand still, and
 * counts as dead once its folder is sealed (`sealWriter`).
 *
 * @throws what the file system throws: a disk that fails does not make a writer dead, who would lose its open segment
 */
export function ownerState(writerPath: string): 'alive' | 'dead' | 'self' | 'expired' {
  const file = join(writerPath, Names.owner);
  let owner: unknown;
  let leaseAgeMs: number;
  try {
    owner = JSON.parse(readFileSync(file, 'utf8'));
    leaseAgeMs = Date.now() - statSync(file).mtimeMs;
  } catch (error) {
    // Gone, or not whole since power loss took it: nobody writes there.
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return 'dead';
    throw error;
  }
  if (!isIdentity(owner)) return 'dead';
  const life = lifeOf(owner, leaseAgeMs);
  if (life === 'gone' || isSealed(writerPath)) return 'dead';
  if (life === 'expired') return 'expired';
  return sameProcess(owner, ownIdentity()) ? 'self' : 'alive';
}

/**
 * Renews the owner's lease, which decides where its process table cannot be seen.
 *
 * @returns false when the folder is gone
 * @throws what the file system throws
 */
export function renewOwner(writerPath: string): boolean {
  return touch(join(writerPath, Names.owner));
}

/**
 * Takes the right to deliver a writer's records: exactly one holds it, see `takeClaim`.
 *
 * @param instance who of this thread
 */
export function claimDelivery(writerPath: string, instance: string): boolean {
  return takeClaim(slotOf(writerPath), instance);
}

/** False: somebody else took it over, since our lease had run out. */
export function renewDelivery(writerPath: string, instance: string): boolean {
  return renewClaim(slotOf(writerPath), instance);
}

export function releaseDelivery(writerPath: string, instance: string): void {
  releaseClaim(slotOf(writerPath), instance);
}

/** Whether anybody who lives delivers this writer's records. */
export function isDelivered(writerPath: string): boolean {
  return isHeld(slotOf(writerPath));
}

function slotOf(writerPath: string): ClaimSlot {
  return { folder: writerPath, name: 'deliverer' };
}
