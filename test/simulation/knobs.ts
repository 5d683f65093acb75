/** A text that stands once in a file of src, and what stands there in the simulation. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * Sizes that a simulated life of a hundred records would never reach, made small; and the one thing that a module
 * remembers about its thread, for here a module serves many.
 */
export const KNOBS: readonly Patch[] = [
  {
    file: 'journal/identity.ts',
    find: '  own ??= {',
    replace: '  let own = owns.get(thisThread()); if (own === undefined) owns.set(thisThread(), own = {',
  },
  {
    file: 'journal/identity.ts',
    find: 'let own: Identity | undefined;',
    replace: 'const owns = new WeakMap<object, Identity>();',
  },
  {
    file: 'journal/identity.ts',
    find: '    thread: ownThread(),\n  };',
    replace: '    thread: ownThread(),\n  });',
  },
  {
    file: 'journal/writer.ts',
    find: 'const SCRATCH_BYTES = 256 * 1024;',
    replace: 'const SCRATCH_BYTES = 2048;',
  },
  { file: 'journal/writer.ts', find: 'Math.max(64 * 1024,', replace: 'Math.max(1024,' },
  {
    file: 'journal/segment-writer.ts',
    find: 'const PART_BYTES = 128 * 1024;',
    replace: 'const PART_BYTES = 300;',
  },
  {
    file: 'journal/disk-probe.ts',
    find: 'const MIN_PROBE_BYTES = 256 * 1024;',
    replace: 'const MIN_PROBE_BYTES = 600;',
  },
  {
    file: 'journal/disk-probe.ts',
    find: 'const CHUNK_BYTES = 128 * 1024;',
    replace: 'const CHUNK_BYTES = 300;',
  },
  {
    file: 'journal/outcomes.ts',
    find: 'export const COMPACT_BYTES = 1024 * 1024;',
    replace: 'export const COMPACT_BYTES = 1500;',
  },
  {
    file: 'journal/history.ts',
    find: 'export const COMPACT_BYTES = 1024 * 1024;',
    replace: 'export const COMPACT_BYTES = 2500;',
  },
  {
    file: 'journal/history.ts',
    find: 'export const KEEP_ENTRIES = 500;',
    replace: 'export const KEEP_ENTRIES = 1;',
  },
  {
    file: 'pipeline/memory-relay.ts',
    find: 'export const WINDOW_RECORDS = 256;',
    replace: 'export const WINDOW_RECORDS = 3;',
  },
  {
    file: 'pipeline/deliverer.ts',
    find: 'export const MAX_ORPHANS = 8;',
    replace: 'export const MAX_ORPHANS = 2;',
  },
  {
    file: 'pipeline/journal-source.ts',
    find: 'const READ_BYTES = 4 * 1024 * 1024;',
    replace: 'const READ_BYTES = 700;',
  },
  {
    file: 'delivery/stream.ts',
    find: '{ maxBytes: 8 << 20, maxRecords: 1000 }',
    replace: '{ maxBytes: 1200, maxRecords: 6 }',
  },
];
