import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readJournalLedger } from '../../src/pipeline/ledger-view.ts';
import { FULL, MIB, startFixture, tempDir, writerIn } from '../journal/support.ts';
import { countOf, endOwner } from './support.ts';
import { seeded } from '../support/seeded.ts';

test('L4, L12: deliverers that are killed at any point deliver everything at least once, and count what may be twice', async (t) => {
  const directory = tempDir(t);
  const arrivals = join(tempDir(t), 'arrivals');
  const random = seeded(11);
  const expected = new Map<string, number>();
  for (let w = 0; w < (FULL ? 4 : 1); w++) {
    const writer = writerIn(directory, { maxBytes: 4 * MIB }); // Segments of 256 KiB.
    for (let i = 0; i < 900; i++) {
      const kind = (['spans', 'llmSpans', 'evaluations'] as const)[Math.floor(random() * 3)]!;
      const name = `${w}-${kind}-${i}*${1 + Math.floor(random() * 4)} ${'.'.repeat(Math.floor(random() * 2000))}`;
      expected.set(name, countOf(name));
      writer.page.add(kind, 'created', countOf(name));
      assert.equal(writer.append(kind, name, countOf(name)), 'ok');
    }
    writer.page.write();
    endOwner(writer.path);
  }
  let kills = 0;
  for (let seed = 1; ; seed++) {
    assert.ok(seed < 400, 'it ends');
    const child = startFixture(
      t,
      new URL('./fixtures/mortal-deliverer.ts', import.meta.url),
      directory,
      arrivals,
      String(FULL ? seed * 977 : seed),
    );
    const [code, signal] = (await once(child, 'exit', { signal: AbortSignal.timeout(30_000) })) as [
      number | null,
      string | null,
    ];
    if (code === 0) break;
    assert.equal(signal, 'SIGKILL');
    kills += 1;
    const { ledger } = readJournalLedger(directory);
    for (const kind of [ledger.spans, ledger.llmSpans, ledger.evaluations]) {
      assert.equal(kind.unaccounted, 0);
      assert.equal(kind.created, kind.delivered + kind.pending);
    }
  }
  assert.ok(kills >= 3, `${kills} kills`);
  const copies = new Map<string, number>();
  for (const line of readFileSync(arrivals, 'utf8').split('\n'))
    if (line !== '') copies.set(line, (copies.get(line) ?? 0) + 1);
  assert.equal(copies.size, expected.size, 'everything arrived, and nothing else');
  let surplus = 0;
  for (const [name, n] of copies) surplus += (n - 1) * expected.get(name)!;
  const { ledger, maybeTwice } = readJournalLedger(directory);
  const total = [...expected.values()].reduce((sum, n) => sum + n, 0);
  assert.equal(ledger.spans.delivered + ledger.llmSpans.delivered + ledger.evaluations.delivered, total);
  assert.ok(surplus > 0 && surplus <= maybeTwice, `${surplus} copies, ${maybeTwice} counted`);
  assert.equal(existsSync(join(directory, 'history.jsonl')), true);
});
