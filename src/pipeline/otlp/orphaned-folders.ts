import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ownerState } from '../../journal/claim.ts';
import { listWriters } from '../../journal/directory.ts';
import { errorText } from '../../kernel/error-text.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import type { OtlpCustody } from './custody.ts';
import { OTLP_FOLDER } from '../journals.ts';

/** By then an application has named all its receivers. */
const LOOK_AFTER_MS = 1000;

/**
 * Says once which receivers of earlier starts have records waiting that nobody delivers, for nobody names them any
 * more. Looks a moment later, without keeping the process alive.
 *
 * @returns what calls it off
 */
export function watchOrphanedFolders(journalDir: string, custodies: () => Iterable<OtlpCustody>): () => void {
  const timer = setTimeout(() => look(join(journalDir, OTLP_FOLDER), custodies()), LOOK_AFTER_MS).unref();
  return () => clearTimeout(timer);
}

function look(folder: string, custodies: Iterable<OtlpCustody>): void {
  const named = new Set<string>();
  for (const { endpoints } of custodies) for (const { name } of endpoints) named.add(name);
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!named.has(name) && listWriters(path).some((writer) => ownerState(writer) === 'dead'))
        warnOnce('KS-OTLP-007', { site: name, directory: path });
    }
  } catch (error) {
    // No such folder is the normal case; what cannot be read, the journal itself has said.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      warnOnce('KS-OTLP-007', { site: folder, directory: folder, error: errorText(error) });
  }
}
