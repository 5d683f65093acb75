import type { Machine } from './machine.ts';
import { thisThread } from './machine.ts';
import { errno } from './disk-faults.ts';

/** The files of proc(5) by which a process is known, as the thread that asks sees them. */
export function readProc(machine: Machine, path: string): string {
  const self = thisThread();
  if (path === '/proc/sys/kernel/random/boot_id') return machine.bootId;
  const [, , who, task, tid] = path.split('/');
  const pid = who === 'self' ? self.process.pid : Number(who);
  const process = machine.files.processes.get(pid);
  if (process === undefined || process.namespace !== self.process.namespace) throw errno('ENOENT', path);
  if (task === 'stat') return stat(process.startTicks);
  const thread = [...process.threads].find((one) => one.tid === Number(tid));
  if (thread === undefined) throw errno('ENOENT', path);
  return stat(thread.tid + 1);
}

export function readProcLink(path: string): string {
  const { process, tid } = thisThread();
  if (path === '/proc/self/ns/pid') return process.namespace;
  if (path === '/proc/thread-self') return `${process.pid}/task/${tid}`;
  throw errno('EINVAL', path);
}

const BETWEEN = '0 '.repeat(18);
const stats = new Map<number, string>();
const MAX_STATS = 4096;

/** The text of a stat file; asked for at each look at a claim or an owner. */
function stat(startTicks: number): string {
  let text = stats.get(startTicks);
  if (text === undefined) {
    if (stats.size >= MAX_STATS) stats.clear();
    // Made flat at once: it is taken apart again and again.
    stats.set(startTicks, (text = Buffer.from(`1 (node) S ${BETWEEN}${startTicks} 0`).toString('latin1')));
  }
  return text;
}
