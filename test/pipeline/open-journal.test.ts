import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { listWriters, segmentFile } from '../../src/journal/directory.ts';
import { openJournal } from '../../src/pipeline/open-journal.ts';
import { warningCounts } from '../../src/selfmetrics/warnings.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { tempDir } from '../journal/support.ts';

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

function settingsFor(t: TestContext, journalKey?: string) {
  const journalDir = join(tempDir(t), 'journal');
  const { settings } = loadSettings({
    env: {},
    options: { journalDir, ...(journalKey === undefined ? {} : { journalKey }) },
  });
  return { settings, journalDir };
}

test('L13: with a key that cannot be read nothing is written to disk, and it is said', (t) => {
  const { settings, journalDir } = settingsFor(t, 'not a key');
  const opened = openJournal(settings, {});
  assert.deepEqual(
    [opened.home(), opened.key],
    [{ directory: undefined, writerId: '', lifetime: 'memory' }, undefined],
  );
  assert.equal(opened.journal.take('spans', 'secret', 1, 0, ''), 'memory');
  assert.equal(existsSync(journalDir), false);
  assert.equal(warningCounts()['KS-JOURNAL-007'], 1);
  opened.journal.close();
});

test('L13: what the settings make of a key that they do not understand is no missing key', () => {
  const { settings } = loadSettings({ env: { KEEPSPAN_JOURNAL_KEY: 'abc' } });
  assert.notEqual(settings.journalKey, undefined);
});

test('L13: KEEPSPAN_JOURNAL_KEY seals what is written; without it nothing is sealed', (t) => {
  for (const key of [KEY, undefined]) {
    const { settings } = settingsFor(t, key);
    const opened = openJournal(settings, {});
    const { directory } = opened.home();
    assert.ok(directory !== undefined);
    assert.equal(opened.journal.take('spans', 'secret', 1, 0, ''), 'disk');
    const [writerPath] = listWriters(directory);
    const bytes = readFileSync(segmentFile(writerPath!, { kind: 'spans', number: 1 }));
    assert.equal(bytes.includes('secret'), key === undefined);
    assert.deepEqual(opened.key, key === undefined ? undefined : Buffer.from(KEY, 'hex'));
    opened.journal.close();
  }
});
