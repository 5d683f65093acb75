import type { File } from './files.ts';
import type { Machine, Process } from './machine.ts';
import { Seen, type Oracle } from './oracle.ts';

const SECTOR_BYTES = 512;

/**
 * The machine loses power and boots again. Of what was not synced, each file keeps what chance leaves, in any order;
 * names go back by a few steps, in order, as a journalling file system has it. Every process is gone.
 */
export function losePower(machine: Machine, oracle: Oracle, processes: readonly Process[]): void {
  for (const process of processes) machine.kill(process);
  for (const undo of machine.files.undo
    .splice(Math.max(0, machine.files.undo.length - machine.below(8)))
    .toReversed())
    undo();
  machine.files.undo.length = 0;
  for (const folder of machine.files.folders.values())
    for (const file of folder.values()) crash(machine, file);
  machine.bootId = `boot-${machine.id}`;
  oracle.powerLost = true;
  for (const made of oracle.made) {
    const { file } = made;
    const kept = file?.synced !== undefined && made.end <= file.synced.length;
    const evicted = (oracle.seen[made.first]! & Seen.evicted) !== 0; // Its marker may be empty now.
    if (file !== undefined && (!kept || evicted)) oracle.mark(made, Seen.unsynced);
  }
  for (const life of oracle.lives.values()) life.committed = { spans: 0, llmSpans: 0, evaluations: 0 };
}

function crash(machine: Machine, file: File): void {
  const { synced } = file;
  file.changed();
  const safe = synced?.length ?? 0;
  const how = machine.random();
  if (how < 0.4) return; // Written back in time.
  if (how < 0.6 && synced !== undefined) {
    file.bytes = Buffer.from(synced);
    file.size = safe;
    return;
  }
  if (file.size <= safe) return;
  const cut = Math.min(
    file.size,
    Math.ceil((safe + machine.below(file.size - safe + 1)) / SECTOR_BYTES) * SECTOR_BYTES,
  );
  if (how < 0.8) file.size = Math.max(safe, cut);
  else file.bytes.fill(0, Math.max(safe, cut), file.size); // The length was written, the blocks were not.
}
