import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  createFile,
  isJournal,
  JournalDirectoryError,
  listSegments,
  listWriters,
  openDirectory,
} from '../../src/journal/directory.ts';
import { FORMAT_VERSION } from '../../src/journal/format.ts';
import { tempDir } from './support.ts';

const isRoot = process.getuid?.() === 0;

/** A place under no directory that others can write: the repository may itself lie in /tmp. */
function safeDir(t: TestContext): string {
  const safe = (path: string): boolean =>
    (lstatSync(path).mode & 0o002) === 0 && (path === dirname(path) || safe(dirname(path)));
  const temp = tempDir(t);
  if (safe(temp)) return temp;
  const home = mkdtempSync(join(homedir(), '.keepspan-test-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

function refused(path: string, code: string, message: RegExp): void {
  assert.throws(
    () => openDirectory(path),
    (error) => {
      assert.ok(error instanceof JournalDirectoryError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.fix.length > 10);
      return true;
    },
  );
}

test('L13: folders 0700 and files 0600, whatever the umask', (t) => {
  const directory = join(safeDir(t), 'deep', 'journal');
  const program = `
    process.umask(0);
    const { openDirectory } = await import('${new URL('../../src/journal/directory.ts', import.meta.url).href}');
    const { JournalWriter } = await import('${new URL('../../src/journal/writer.ts', import.meta.url).href}');
    const { OutcomeLog } = await import('${new URL('../../src/journal/outcomes.ts', import.meta.url).href}');
    const { claimDelivery } = await import('${new URL('../../src/journal/claim.ts', import.meta.url).href}');
    const writer = new JournalWriter({ directory: openDirectory(process.argv[1]), owner: {}, maxBytes: 1 << 20, sync: false });
    for (let i = 0; i < 20; i++) writer.append('spans', 'x'.repeat(60_000), 1);
    new OutcomeLog(writer.path + '/outcomes.jsonl').intent('spans', 1);
    claimDelivery(writer.path, '');
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program, directory], {
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stderr);
  const seen = new Set<string>();
  const look = (path: string): void => {
    const stat = statSync(path);
    assert.equal(stat.mode & 0o777, stat.isDirectory() ? 0o700 : 0o600, path);
    seen.add(basename(path).replace(/^.*\./, '').replace(/^w-.*/, 'w'));
    if (stat.isDirectory()) for (const name of readdirSync(path)) look(join(path, name));
  };
  look(dirname(directory));
  for (const kind of ['seg', 'evicted', 'jsonl', 'json', 'FORMAT', 'counters', 'w'])
    assert.ok(seen.has(kind), `${kind} was looked at`);
});

test('a directory of ours that others could enter is closed', (t) => {
  const directory = join(safeDir(t), 'journal');
  mkdirSync(directory, { mode: 0o755 });
  chmodSync(directory, 0o777);
  assert.equal(openDirectory(directory), directory);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

test('L13: a symbolic link is refused, and the real path named', (t) => {
  const base = safeDir(t);
  mkdirSync(join(base, 'real'));
  symlinkSync(join(base, 'real'), join(base, 'link'));
  refused(join(base, 'link'), 'KS-JOURNAL-003', /symbolic link/);
  assert.equal(
    openDirectory(join(base, 'link', 'journal')),
    join(base, 'real', 'journal'),
    'our own link above it is resolved',
  );
});

test('L13: nothing under a world-writable directory, by its real path or by the one that was given', (t) => {
  const base = safeDir(t);
  const open = join(base, 'open');
  mkdirSync(open);
  for (const mode of [0o777, 0o1777, 0o703]) {
    chmodSync(open, mode);
    refused(join(open, 'journal'), 'KS-JOURNAL-003', /world-writable/);
    refused(join(open, 'a', 'b', 'journal'), 'KS-JOURNAL-003', /world-writable/);
  }
  mkdirSync(join(base, 'closed'));
  symlinkSync(join(base, 'closed'), join(open, 'way'));
  refused(join(open, 'way', 'journal'), 'KS-JOURNAL-003', /world-writable/);
  chmodSync(open, 0o755);
  assert.ok(openDirectory(join(open, 'journal')));
});

test(
  "L13: another user's directory or link is refused",
  { skip: isRoot ? false : 'needs root to give files away' },
  (t) => {
    const base = safeDir(t);
    mkdirSync(join(base, 'real'));
    symlinkSync(join(base, 'real'), join(base, 'theirs'));
    lchownSync(join(base, 'theirs'), 12_345, 12_345);
    refused(join(base, 'theirs', 'journal'), 'KS-JOURNAL-003', /uid 12345/);
    chownSync(join(base, 'real'), 12_345, 12_345);
    const child = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { openDirectory } = await import('${new URL('../../src/journal/directory.ts', import.meta.url).href}');
      process.setuid(54321); try { openDirectory(process.argv[1]) } catch (e) { console.log(e.code, e.message) }`,
        join(base, 'real'),
      ],
      { encoding: 'utf8' },
    );
    assert.match(child.stdout, /^KS-JOURNAL-00[13] /);
  },
);

test('a file system that has the parent and still has no place for it is an error, not a wait without end', () => {
  assert.throws(
    () => openDirectory('/proc/nowhere/journal'),
    (error) => error instanceof JournalDirectoryError && error.code === 'KS-JOURNAL-001',
  );
});

test('what cannot be created is said with its error: a file in the way', (t) => {
  const base = safeDir(t);
  writeFileSync(join(base, 'file'), '');
  refused(join(base, 'file'), 'KS-JOURNAL-001', /EEXIST|ENOTDIR/);
  refused(join(base, 'file', 'journal'), 'KS-JOURNAL-001', /ENOTDIR/);
});

test('the format is written once; an older one is read, a newer or a foreign one refused in words', (t) => {
  const base = safeDir(t);
  const directory = join(base, 'journal');
  assert.equal(isJournal(directory), false);
  openDirectory(directory);
  assert.equal(isJournal(directory), true);
  const file = join(directory, 'FORMAT');
  assert.equal(readFileSync(file, 'utf8'), `keepspan-journal ${FORMAT_VERSION}\n`);
  for (const fine of [
    '',
    `keepspan-journal ${FORMAT_VERSION}\n`,
    `keepspan-journal ${FORMAT_VERSION - 1}\n`,
  ]) {
    writeFileSync(file, fine);
    assert.equal(openDirectory(directory), directory);
  }
  writeFileSync(file, `keepspan-journal ${FORMAT_VERSION + 1}\n`);
  refused(
    directory,
    'KS-JOURNAL-002',
    new RegExp(`format ${FORMAT_VERSION + 1}.*reads up to ${FORMAT_VERSION}`),
  );
  writeFileSync(file, 'ext4\n');
  refused(directory, 'KS-JOURNAL-002', /is not ours/);
  rmSync(file);
  mkdirSync(file);
  refused(directory, 'KS-JOURNAL-001', /EISDIR/);
});

test('only files of ours count as segments, in the order of their numbers', (t) => {
  const directory = tempDir(t);
  for (const name of [
    'spans-000002.seg',
    'spans-1000000.seg',
    'spans-000010.seg',
    'llmSpans-000001.evicted',
    'spans-1.seg',
    'other-000001.seg',
    'spans-000003.seg.tmp',
    'x',
  ]) {
    writeFileSync(join(directory, name), '');
  }
  assert.deepEqual(listSegments(directory), {
    segments: [2, 10, 1_000_000].map((number) => ({ kind: 'spans', number })),
    evicted: [{ kind: 'llmSpans', number: 1 }],
  });
  assert.deepEqual(listWriters(join(directory, 'absent')), []);
});

test('L13: a segment is 0600 under a umask that takes the owner his own, and never made through a link', (t) => {
  const directory = tempDir(t);
  const before = process.umask(0o377);
  try {
    closeSync(createFile(join(directory, 'a')));
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(join(directory, 'a')).mode & 0o777, 0o600);
  symlinkSync(join(directory, 'elsewhere'), join(directory, 'b'));
  assert.throws(() => createFile(join(directory, 'b')), { code: 'EEXIST' });
});
