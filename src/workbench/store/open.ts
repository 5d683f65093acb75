import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';

/**
 * Opens or creates the database. A file is created readable by its owner alone, because prompts go into it, and
 * is held exclusively: a second workbench on the same file fails here instead of corrupting the counts.
 *
 * @throws Error when the file cannot be opened, is held by another process, or has another schema.
 */
export function openDatabase(file: string | undefined): DatabaseSync {
  if (file !== undefined) closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file ?? ':memory:');
  try {
    // Exclusive + WAL + NORMAL: one process, no shared-memory file, and a kill of the process loses nothing.
    // Indexes on ids are written at random places: without a cache that holds their upper pages each costs a read.
    db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ' +
        'PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -12288;',
    );
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version !== 0 && version !== SCHEMA_VERSION) {
      throw new Error(
        `${file} has schema ${version}, this version reads ${SCHEMA_VERSION}; use another file`,
      );
    }
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
