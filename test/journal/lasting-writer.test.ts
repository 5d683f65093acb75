import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { GuardedJournal, RETRY_AFTER_MS } from '../../src/journal/guarded.ts';
import { LastingWriter } from '../../src/journal/lasting-writer.ts';
import { JournalWriter } from '../../src/journal/writer.ts';
import { readJournalLedger } from '../../src/pipeline/ledger-view.ts';
import { errno, FakeClock, MIB, readStream, tempDir, textOf } from './support.ts';

for (const code of ['ENOSPC', 'EROFS']) {
  test(`L5: a disk that refuses the folder at start (${code}) is tried each second, and takes what waited, with all counts`, (t) => {
    const directory = tempDir(t);
    const clock = new FakeClock();
    let refuses = true;
    let tries = 0;
    const states: string[] = [];
    const writer = new LastingWriter({
      clock,
      open(page) {
        tries += 1;
        if (refuses) throw errno(code);
        const options = { directory, owner: {}, maxBytes: 64 * MIB, sync: false, clock, page };
        return new JournalWriter(options);
      },
      onMove: ({ path }, taken) => states.push(`moved ${existsSync(path)} ${taken}`),
    });
    assert.equal(writer.renew(), false);
    const onState = (state: string, why: string): void => void states.push(`${state} ${why}`.trim());
    const journal = new GuardedJournal({ writer, clock, maxMemoryBytes: 1700, slowMs: 100, onState });
    assert.equal(journal.onDisk, false, 'before anything was taken');
    const startMs = clock.wall();
    for (let i = 0; i < 10; i++) {
      journal.page.add('spans', 'created');
      assert.equal(journal.take('spans', `s${i}`, 1, 0, ''), 'memory');
    }
    assert.equal(tries, 2, 'at start and with the first record');
    journal.drain();
    assert.equal(tries, 2);
    clock.ms += RETRY_AFTER_MS;
    journal.drain();
    assert.equal(tries, 3);
    refuses = false;
    clock.ms += RETRY_AFTER_MS;
    journal.drain();
    assert.deepEqual(states, [`open ${code}`, 'moved true false', 'closed']);
    assert.equal(journal.onDisk, true);
    assert.equal(journal.memory.size, 0);
    const records = readStream(writer.path!, 'spans');
    assert.deepEqual(records.map(textOf), ['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9']);
    assert.ok(
      records.every(({ header }) => header.timeMs === startMs),
      'the time when they came into custody',
    );
    journal.commit();
    const { created, pending, dropped, unaccounted } = readJournalLedger(directory, 'node').ledger.spans;
    assert.deepEqual([created, pending, dropped, unaccounted], [10, 8, { memory_full: 2 }, 0]);
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('.')),
      [],
    );
    journal.close();
  });
}
