import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds something in a journal: a thread of a process. Survives the reuse of process ids, in containers too. */
export interface Identity {
  readonly pid: number;
  /** Start of the process in clock ticks since boot (proc(5), field 22); empty where there is no /proc. */
  readonly startTicks: string;
  /** Kernel boot id; empty where there is none. */
  readonly bootId: string;
  /** PID namespace, `pid:[4026531836]`; empty where there is none. */
  readonly pidNamespace: string;
  readonly host: string;
  /** Kernel id of the thread and its start in ticks, `1250:81237`: threads end before their process does. Empty where there is no /proc. */
  readonly thread: string;
}

/** A holder that cannot be looked up here counts as gone when it has not renewed its lease for so long. */
export const LEASE_MS = 30_000;

/** A clock that is set makes the file's age another than what we know of it. */
const CLOCK_SET_MS = 1000;

/**
 * Whether everybody takes a holder for alive that renewed its lease then: half of the time is left, and nobody set the
 * wall clock, which is what others see.
 */
export function isLeaseCertain(
  renewed: { readonly ms: number; readonly wallMs: number },
  now: { readonly ms: number; readonly wallMs: number },
): boolean {
  const passedMs = now.ms - renewed.ms;
  return passedMs < LEASE_MS / 2 && Math.abs(now.wallMs - renewed.wallMs - passedMs) < CLOCK_SET_MS;
}

let own: Identity | undefined;

/** This thread. Read once: it does not change. */
export function ownIdentity(): Identity {
  own ??= {
    pid: process.pid,
    startTicks: startTicks('self') ?? '',
    bootId: readText('/proc/sys/kernel/random/boot_id'),
    pidNamespace: readLink('/proc/self/ns/pid'),
    host: hostname(),
    thread: ownThread(),
  };
  return own;
}

/** A worker thread runs its JavaScript on one kernel thread for all its life. */
function ownThread(): string {
  const tid = readLink('/proc/thread-self').split('/').at(-1) ?? '';
  return tid === '' ? '' : `${tid}:${startTicks(`self/task/${tid}`) ?? ''}`;
}

/** Whether the holder still runs, see `lifeOf`. */
export function isAlive(holder: Identity, leaseAgeMs: number, self: Identity = ownIdentity()): boolean {
  return lifeOf(holder, leaseAgeMs, self) === 'alive';
}

/**
 * Whether the holder still runs. In our own PID namespace and boot the process table decides; elsewhere
 * (another container or machine on shared storage) the age of its lease does: `expired` may only stand still.
 *
 * @param leaseAgeMs milliseconds since the holder last renewed its lease
 */
export function lifeOf(
  holder: Identity,
  leaseAgeMs: number,
  self: Identity = ownIdentity(),
): 'alive' | 'gone' | 'expired' {
  const sameTable =
    holder.bootId === self.bootId && holder.pidNamespace === self.pidNamespace && holder.host === self.host;
  if (!sameTable) return leaseAgeMs < LEASE_MS ? 'alive' : 'expired';
  return isInTable(holder, self) ? 'alive' : 'gone';
}

function isInTable(holder: Identity, self: Identity): boolean {
  if (holder.startTicks === '' || self.startTicks === '') return processExists(holder.pid);
  if (startTicks(String(holder.pid)) !== holder.startTicks) return false;
  const [tid, ticks] = holder.thread.split(':');
  return tid === '' || startTicks(`${holder.pid}/task/${tid}`) === ticks;
}

/** Whether both are threads of one process. */
export function sameProcess(a: Identity, b: Identity): boolean {
  return (
    a.pid === b.pid &&
    a.startTicks === b.startTicks &&
    a.bootId === b.bootId &&
    a.pidNamespace === b.pidNamespace &&
    a.host === b.host
  );
}

export function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  const v = value as Partial<Record<keyof Identity, unknown>>;
  return (
    typeof v.pid === 'number' &&
    typeof v.startTicks === 'string' &&
    typeof v.bootId === 'string' &&
    typeof v.pidNamespace === 'string' &&
    typeof v.host === 'string' &&
    typeof v.thread === 'string'
  );
}

/** A zombie has ended: it holds nothing any more. */
function startTicks(pid: string): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold anything; fields are counted after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return fields[19];
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function readLink(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
